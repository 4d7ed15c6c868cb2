"""Fuzzes the targets under atheris, some minutes each: `tox -e atheris -- --minutes 10`.

Prints the inputs with findings, keeps a small corpus, and with --write states the figures in docs/reliability.md. The
exit code is 1 after a finding. A finding is an error that the target does not allow, or an input that takes 10 s.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

from guided_corpus import findings, seeds, store, stored, words  # noqa: E402
from guided_targets import TARGETS  # noqa: E402
from reliability_page import ATHERIS, write_section  # noqa: E402

LONGEST = 4096
_DONE = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_COVERED = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What fuzzing one target gave."""

    target: str
    inputs: int
    minutes: float
    covered: int
    finding: bytes | None
    output: str

    @property
    def row(self) -> tuple[str, str, str]:
        """The row of the page."""
        found = "no finding" if self.finding is None else "a finding"
        return (
            f"`{self.target}`",
            f"{self.inputs:,} in {self.minutes:.0f} min",
            f"{found}; {self.covered} branches covered",
        )


def fuzz(target: str, minutes: float) -> Outcome:
    """Fuzz one target, and store the smallest inputs that reached code of their own."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        corpus, artifacts = work / "corpus", work / "found"
        for folder in (corpus, artifacts):
            folder.mkdir()
        for number, data in enumerate([*seeds(target), *stored(target), *findings(target)]):
            (corpus / f"{number:04}").write_bytes(data)
        (work / "words").write_text("".join(_quoted(words(target))), encoding="ascii")
        files = [f"-dict={work / 'words'}", f"-artifact_prefix={artifacts}/", str(corpus)]
        limits = [f"-max_total_time={int(60 * minutes)}", f"-max_len={LONGEST}", "-timeout=10", "-rss_limit_mb=2048"]
        output = _atheris(target, ["-print_final_stats=1", *limits, *files])
        found = sorted(artifacts.iterdir())
        store(target, (file.read_bytes() for file in corpus.iterdir()))
        executed, covered = _DONE.findall(output), _COVERED.findall(output)
        return Outcome(
            target=target,
            inputs=int(executed[-1]) if executed else 0,
            minutes=minutes,
            covered=int(covered[-1][0]) if covered else 0,
            finding=found[0].read_bytes() if found else None,
            output=output,
        )


def _atheris(target: str, options: list[str]) -> str:
    command = [sys.executable, str(HERE / "fuzz_one_target.py"), target, *options]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return done.stdout + done.stderr


def _quoted(entries: Iterable[bytes]) -> Iterable[str]:
    for entry in entries:
        yield '"' + "".join(f"\\x{byte:02x}" for byte in entry) + '"\n'


def main() -> int:
    """Fuzz the chosen targets; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="minutes per target")
    parser.add_argument("--jobs", type=int, default=1, help="targets at the same time")
    parser.add_argument("--target", action="append", choices=list(TARGETS), help="fuzz this target only")
    parser.add_argument("--write", action="store_true", help="write the figures to docs/reliability.md")
    options = parser.parse_args()
    chosen = options.target or list(TARGETS)
    with ThreadPoolExecutor(options.jobs) as pool:
        outcomes = list(pool.map(lambda target: fuzz(target, options.minutes), chosen))
    for outcome in outcomes:
        print(" | ".join(outcome.row))
        if outcome.finding is not None or not outcome.inputs:
            print(outcome.output[-4000:])
            print(f"the input with the finding: {outcome.finding!r}")
    if options.write:
        write_section(ATHERIS, [outcome.row for outcome in outcomes])
    return int(any(outcome.finding is not None or not outcome.inputs for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
