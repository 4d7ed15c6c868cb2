"""Defines the words, ranks and explanations of each outcome and exit code, for all reports.

Must not know layout. The judge decides outcomes; this module changes none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ciq_schemas.transcript.records import ExitCode, Level, Outcome, Verdict


@dataclass(frozen=True, slots=True)
class OutcomeWords:
    """One outcome in words. `rank` 0 is the most urgent; `sign` identifies it without colour."""

    rank: int
    sign: str
    word: str
    meaning: str


WORDS: Mapping[Outcome, OutcomeWords] = MappingProxyType(
    {
        Outcome.FAIL: OutcomeWords(0, "✗", "fail", "the target contradicts a MUST"),
        Outcome.BLOCKED: OutcomeWords(1, "⊘", "blocked", "a prerequisite failed: the requirement could not be tested"),
        Outcome.SUITE_ERROR: OutcomeWords(2, "‼", "suite error", "the kit itself failed here"),
        Outcome.INCONCLUSIVE: OutcomeWords(
            3, "?", "inconclusive", "the evidence proves neither conformance nor a deviation"
        ),
        Outcome.WARN: OutcomeWords(4, "!", "warn", "the target deviates from a SHOULD or uses a weaker form"),
        Outcome.NOT_IMPLEMENTED: OutcomeWords(5, "-", "not implemented", "declared absent in the profile"),
        Outcome.NOTE: OutcomeWords(6, "i", "note", "measured, not judged"),
        Outcome.SKIPPED: OutcomeWords(7, "»", "skipped", "skipped by the operator"),
        Outcome.UNTESTED: OutcomeWords(8, "·", "untested", "not tested; the reason is given"),
        Outcome.PASS: OutcomeWords(9, "✓", "pass", "tested, and the target conforms"),
    }
)

FINDINGS = (Outcome.FAIL, Outcome.BLOCKED, Outcome.SUITE_ERROR, Outcome.INCONCLUSIVE, Outcome.WARN)
"""Outcomes that need attention, most urgent first."""


def is_red(verdict: Verdict) -> bool:
    """Returns whether this verdict alone prevents exit code 0 of `ciq run`."""
    match verdict.outcome:
        case Outcome.SUITE_ERROR:
            return True
        case Outcome.FAIL | Outcome.BLOCKED:
            return verdict.level is Level.MUST and not verdict.baseline
        case Outcome.INCONCLUSIVE:
            return verdict.level is Level.MUST
        case Outcome.PASS | Outcome.WARN | Outcome.NOTE | Outcome.NOT_IMPLEMENTED | Outcome.SKIPPED | Outcome.UNTESTED:
            return False


@dataclass(frozen=True, slots=True)
class Overall:
    """The run in a word, a tone (`good`, `bad`, `unsure`) and a sentence."""

    word: str
    tone: str
    sentence: str


_BY_EXIT: Mapping[int, Overall] = MappingProxyType(
    {
        ExitCode.CONFORMS: Overall("conforms", "good", "every selected MUST passed"),
        ExitCode.DEVIATES: Overall("deviates", "bad", "a MUST failed or was blocked, or a baseline entry is stale"),
        ExitCode.USAGE: Overall("usage error", "bad", "usage or profile is wrong; nothing was sent"),
        ExitCode.UNREACHABLE: Overall(
            "unreachable",
            "bad",
            "the target or the callback path could not be reached, or the network loses connections",
        ),
        ExitCode.SUITE_ERROR: Overall("suite error", "bad", "the suite itself failed; this is an error of the kit"),
        ExitCode.NOTHING_PROVEN: Overall(
            "not proven",
            "unsure",
            "nothing was judged, a MUST remained inconclusive, or the target could not be restored",
        ),
    }
)
CUT_OFF = Overall("cut off", "unsure", "the run was cut off before its end, so it proves nothing")


def overall(exit_code: int | None) -> Overall:
    """Returns the words for an exit code; None is a run without footer."""
    if exit_code is None:
        return CUT_OFF
    return _BY_EXIT.get(exit_code, Overall("unknown", "unsure", "the kit does not define this exit code"))


def overall_with_stale_baseline(stale: int, *, deviates: bool, decided: bool) -> Overall:
    """Returns the words for exit code 1 of a run with stale baseline entries.

    `deviates`: a MUST failed or was blocked. `decided`: no MUST remained inconclusive.
    """
    entries = f"{stale} baseline entr{'y is' if stale == 1 else 'ies are'} stale"
    if deviates:
        return Overall("deviates", "bad", f"a MUST failed or was blocked; also {entries}")
    if not decided:
        return Overall("not proven, stale baseline", "unsure", f"a MUST remained inconclusive, and {entries}")
    return Overall(
        "conforms, stale baseline", "unsure", f"the target conforms apart from accepted deviations, but {entries}"
    )
