"""The published results of the mutants, and the page "Weak spots" that is written from them.

The module depends neither on cosmic-ray nor on how a mutant is run.
"""

from collections.abc import Iterable, Sequence
from html import escape

import msgspec

COMMAND = "python -m tools.mutants"
_NOTICE = f"<!-- Written by `{COMMAND}` from reports/published/mutants.json; do not edit. -->"

_COLUMNS = ("exist", "run", "killed", "silent", "not_executed", "equivalent", "inconclusive")
_INTRODUCTION = """\
# Weak spots of the suite

{notice}

The [kill matrix](../reports/published/kill-matrix.html) counts faults that the authors of the kit chose. This page counts mutants,
which no author selected. {tool} changes one place of the reference mock or its codec, and the suite runs against the changed mock.
A mutant that no requirement detects shows what the suite does not test, or what the documents leave open.

{headline}
Of all {exist} mutants, {unexecuted} are at places that no scenario executes.

Run on {date} with requirement set {set} at commit {commit}. `tox -e mutants` runs further mutants and writes this page again;
`tox -e mutants -- --again` first repeats the inconclusive ones. On a busy machine more of them are inconclusive.

| Status | Means |
| --- | --- |
| killed | a MUST failed or was blocked (the run ends with exit code 1), a SHOULD was warned of, or the mock did not start or stopped answering |
| silent | every scenario that executes the place ran, and no requirement noticed |
| not executed | no scenario of a run executes the place |
| equivalent | the mutant behaves as the original, for the given reason |
| inconclusive | a MUST stayed inconclusive, and none failed |

Runs use the feature media (and speech, where a requirement needs two), with templates, workflows and batch jobs. They have no restart,
no random histories and no malformed requests. Operators that only crash, such as `+` replaced by `<<`, are left out.

## By module

| Module | exist | run | killed | silent | not executed | equivalent | inconclusive |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""


class Spot(msgspec.Struct, frozen=True):
    """One mutant that no requirement detected."""

    module: str
    line: int
    definition: str
    operator: str
    change: str
    note: str
    """Why the mutant is equivalent, or what the runs left open."""


class ModuleCount(msgspec.Struct, frozen=True):
    """The mutants of one module."""

    module: str
    exist: int
    run: int
    killed: int
    silent: int
    not_executed: int
    equivalent: int
    inconclusive: int


class Published(msgspec.Struct, frozen=True):
    """All results, as they are published."""

    date: str
    commit: str
    sources: str
    requirement_set: str
    tool: str
    unexecuted: int
    """Mutants of all that exist, at places that no scenario executes."""
    modules: tuple[ModuleCount, ...]
    silent: tuple[Spot, ...]
    not_executed: tuple[Spot, ...]
    equivalent: tuple[Spot, ...]
    inconclusive: tuple[Spot, ...]

    def total(self, name: str) -> int:
        """Returns the sum of one column."""
        return sum(getattr(module, name) for module in self.modules)

    @property
    def decided(self) -> int:
        """Mutants that a run could have killed and that a run decided."""
        return self.total("killed") + self.total("silent")

    @property
    def killed_share(self) -> float:
        """Killed mutants as a share of those that were decided."""
        return self.total("killed") / self.decided if self.decided else 0.0


def to_json(published: Published) -> bytes:
    """Returns the published file."""
    return msgspec.json.format(msgspec.json.encode(published), indent=1) + b"\n"


def from_json(data: bytes) -> Published:
    """Reads the published file."""
    return msgspec.json.decode(data, type=Published)


def headline(published: Published) -> str:
    """Returns the result in one sentence."""
    exist, run = published.total("exist"), published.total("run")
    return (
        f"{run} of {exist} mutants were run, a random sample: {published.total('killed')} killed, "
        f"{published.total('silent')} silent, {published.total('not_executed')} not executed, "
        f"{published.total('equivalent')} equivalent, {published.total('inconclusive')} inconclusive. "
        f"Of the decided ones {published.killed_share:.0%} are killed."
    )


def page(published: Published) -> str:
    """Returns `weak-spots.md`."""
    lines = _INTRODUCTION.format(
        notice=_NOTICE,
        tool=published.tool,
        headline=headline(published),
        exist=published.total("exist"),
        unexecuted=published.unexecuted,
        date=published.date,
        set=published.requirement_set,
        commit=published.commit,
    ).splitlines()
    sampled = [one for one in published.modules if one.run]
    lines += [f"| `{one.module}` | {' | '.join(str(getattr(one, name)) for name in _COLUMNS)} |" for one in sampled]
    lines.append(f"| all | {' | '.join(str(published.total(name)) for name in _COLUMNS)} |")
    if left := len(published.modules) - len(sampled):
        lines += ["", f"No mutant of {left} further modules is in the sample."]
    for title, spots in (
        ("Silent", published.silent),
        ("Inconclusive", published.inconclusive),
        ("Equivalent", published.equivalent),
        ("Not executed", published.not_executed),
    ):
        lines += ["", f"## {title}", "", *_table(spots)]
    return "\n".join(lines) + "\n"


def _table(spots: Sequence[Spot]) -> Iterable[str]:
    if not spots:
        yield "None in this sample."
        return
    yield "| Place | Change | Note |"
    yield "| --- | --- | --- |"
    for spot in spots:
        change = escape(spot.change, quote=False).replace("|", "&#124;")
        place = f"`{spot.module}` line {spot.line}, {spot.definition or 'module'}"
        yield f"| {place} | <code>{change}</code> | {spot.note} |"
