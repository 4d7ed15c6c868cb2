"""Lists the single-site mutants of the reference mock and its codec, as cosmic-ray makes them.

A mutant is one operator at one place of one module. cosmic-ray also replaces operators by unrelated ones, such as `+`
by `<<`; those crash at once and show nothing about the suite, so `OPERATORS` leaves them out.
"""

import hashlib
import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (ROOT / "mock_server" / "ciq_mock", ROOT / "schemas" / "ciq_schemas")
MUTATED = ("ciq_mock/engine", "ciq_mock/service", "ciq_mock/delivery", "ciq_mock/workflow", "ciq_schemas/codec")
_ORDER = r"(Eq|NotEq|Lt|LtE|Gt|GtE)"
OPERATORS = re.compile(
    r"core/(AddNot|NumberReplacer|ReplaceTrueWithFalse|ReplaceFalseWithTrue|ReplaceAndWithOr|ReplaceOrWithAnd"
    r"|ReplaceBreakWithContinue|ReplaceContinueWithBreak|ZeroIterationForLoop|ExceptionReplacer|RemoveDecorator"
    rf"|ReplaceUnaryOperator_\w+|ReplaceComparisonOperator_({_ORDER}_{_ORDER}|Is_IsNot|IsNot_Is)"
    r"|ReplaceBinaryOperator_(Add_Sub|Sub_Add|Mul_Div|Div_Mul|FloorDiv_Mul|Mod_Mul))"
)
_CONFIG = """[cosmic-ray]
module-path = {paths}
timeout = 10.0
excluded-modules = []
test-command = "true"
[cosmic-ray.distributor]
name = "local"
"""


class ListingError(RuntimeError):
    """cosmic-ray did not list the mutants."""


class Mutant(msgspec.Struct, frozen=True):
    """One operator at one place."""

    module: str
    operator: str
    occurrence: int
    line: int
    definition: str

    @property
    def key(self) -> str:
        """The name of the mutant in progress files."""
        return f"{self.module}:{self.operator.removeprefix('core/')}:{self.occurrence}"


def source(module: str) -> Path:
    """Returns the file of a module such as `ciq_mock/engine/queue.py`."""
    return next(package.parent / module for package in PACKAGES if (package.parent / module).exists())


def digest() -> str:
    """Returns a digest of all mutated modules: measured lines are valid for these texts only."""
    made = hashlib.sha256()
    for folder in MUTATED:
        for path in sorted(source(folder).glob("*.py")):
            made.update(path.name.encode() + path.read_bytes())
    return made.hexdigest()[:16]


@cache
def module_digest(module: str) -> str:
    """Returns a digest of one module, empty if it does not exist; the result of a mutant is valid for this text."""
    paths = [package.parent / module for package in PACKAGES]
    return next((hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in paths if path.exists()), "")


def list_mutants(cosmic_ray: str, folder: Path) -> tuple[Mutant, ...]:
    """Returns all mutants, in an order that depends only on their names and is spread over all modules."""
    stored = folder / f"mutants-{digest()}.json"
    if not stored.exists():
        stored.write_bytes(msgspec.json.encode(tuple(_from_cosmic_ray(cosmic_ray, folder))))
    found = msgspec.json.decode(stored.read_bytes(), type=tuple[Mutant, ...])
    return tuple(sorted(found, key=lambda mutant: hashlib.sha256(mutant.key.encode()).digest()))


def _from_cosmic_ray(cosmic_ray: str, folder: Path) -> Iterator[Mutant]:
    config, session = folder / "cosmic-ray.toml", folder / "session.sqlite"
    config.write_text(_CONFIG.format(paths=json.dumps([str(source(name)) for name in MUTATED])), encoding="utf-8")
    session.unlink(missing_ok=True)
    output = ""
    for arguments in (["init", str(config), str(session)], ["dump", str(session)]):
        done = subprocess.run([cosmic_ray, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ListingError(f"cosmic-ray {arguments[0]}: {done.stderr.strip()[-400:]}")
        output = done.stdout
    for line in output.splitlines():
        (one,) = json.loads(line)[0]["mutations"]
        if OPERATORS.fullmatch(one["operator_name"]):
            path = Path(one["module_path"])
            yield Mutant(
                module="/".join(path.parts[-3:]),
                operator=one["operator_name"],
                occurrence=one["occurrence"],
                line=one["start_pos"][0],
                definition=one["definition_name"] or "",
            )
