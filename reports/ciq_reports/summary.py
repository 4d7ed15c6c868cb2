"""Summarizes a run: counts, and findings grouped by requirement. Pure.

Knows verdicts and exit codes. Must not know any output format: console, Markdown and HTML show these values.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ciq_reports.outcomes import FINDINGS, WORDS, Overall, is_red, overall, overall_with_stale_baseline
from ciq_reports.transcript import RunView
from ciq_schemas.transcript.records import ExitCode, Level, Outcome, Verdict

_VARIABLE = re.compile(r"\b[a-z]?[0-9a-f]{8,}\b|\d+(?:[.:]\d+)*")

_LEFT_OUT = (Outcome.SKIPPED, Outcome.UNTESTED, Outcome.NOT_IMPLEMENTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarVerdicts:
    """Verdicts of one requirement whose texts differ only in ids, numbers and the feature."""

    verdicts: tuple[Verdict, ...]

    @property
    def first(self) -> Verdict:
        """The verdict to show for all."""
        return self.verdicts[0]

    @property
    def where(self) -> str:
        """Features and formats in the order of the run, such as `media, speech` or `doc (json)`."""
        formats: dict[str, list[str]] = {}
        for verdict in self.verdicts:
            formats.setdefault(verdict.feature or "all features", [])
            if verdict.format:
                formats[verdict.feature or "all features"].append(verdict.format)
        return ", ".join(f"{name} ({'+'.join(of)})" if of else name for name, of in formats.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingGroup:
    """One requirement with one outcome that needs attention, over all its features."""

    requirement: str
    level: Level
    outcome: Outcome
    title: str
    clause: str
    similar_verdicts: tuple[SimilarVerdicts, ...]

    @property
    def red(self) -> bool:
        """Whether at least one verdict of the group prevents exit code 0."""
        return any(is_red(verdict) for similar in self.similar_verdicts for verdict in similar.verdicts)

    @property
    def baseline(self) -> bool:
        """Whether every verdict of the group is a known deviation of the baseline."""
        return all(verdict.baseline for similar in self.similar_verdicts for verdict in similar.verdicts)

    @property
    def known(self) -> str:
        """How the operator knows of the whole group: `baseline`, `known flaky`, or empty."""
        if not self.baseline:
            return ""
        return "known flaky" if all(verdict.flaky for verdict in self.verdicts) else "baseline"

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """All verdicts of the group."""
        return tuple(verdict for similar in self.similar_verdicts for verdict in similar.verdicts)


def _similarity_key(verdict: Verdict) -> tuple[str, ...]:
    """Returns what two verdicts must share to be shown as one."""
    texts = (verdict.expected, verdict.seen, verdict.reason, verdict.power)
    name = re.escape(verdict.feature) if verdict.feature else r"(?!)"
    plain = (_VARIABLE.sub("#", re.sub(rf"\b{name}\b", "@", text)) for text in texts)
    return (verdict.scenario, str(verdict.baseline), verdict.accepted, *plain)


def similar_verdicts(verdicts: Iterable[Verdict]) -> tuple[SimilarVerdicts, ...]:
    """Groups verdicts of one requirement and outcome that have the same texts."""
    found: dict[tuple[str, ...], list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault(_similarity_key(verdict), []).append(verdict)
    return tuple(SimilarVerdicts(verdicts=tuple(members)) for members in found.values())


def findings(view: RunView) -> tuple[FindingGroup, ...]:
    """Returns the groups of findings: those that prevent exit code 0 first, then by urgency, then as in the run."""
    groups: dict[tuple[str, Outcome], list[Verdict]] = {}
    for verdict in view.verdicts:
        if verdict.outcome in FINDINGS:
            groups.setdefault((verdict.requirement, verdict.outcome), []).append(verdict)
    found = [
        FindingGroup(
            requirement=requirement,
            level=members[0].level,
            outcome=outcome,
            title=members[0].title,
            clause=members[0].clause,
            similar_verdicts=similar_verdicts(members),
        )
        for (requirement, outcome), members in groups.items()
    ]
    return tuple(sorted(found, key=lambda group: (not group.red, group.baseline, WORDS[group.outcome].rank)))


def counts(verdicts: Iterable[Verdict]) -> Counter[tuple[Level, Outcome]]:
    """Counts the verdicts of each level and outcome."""
    return Counter((verdict.level, verdict.outcome) for verdict in verdicts)


def by_outcome(verdicts: Iterable[Verdict]) -> Mapping[Outcome, int]:
    """Counts the verdicts of each outcome that occurs, most urgent first."""
    found = Counter(verdict.outcome for verdict in verdicts)
    return {outcome: found[outcome] for outcome in sorted(found, key=lambda o: WORDS[o].rank)}


def run_overall(view: RunView) -> Overall:
    """Returns the result of the run as a word, a tone and a sentence; a stale baseline is not a deviation."""
    if view.footer is None:
        return overall(None)
    stale = len(view.footer.stale)
    if view.footer.exit_code != ExitCode.DEVIATES or not stale:
        return overall(view.footer.exit_code)
    red = {verdict.outcome for verdict in view.verdicts if is_red(verdict)}
    return overall_with_stale_baseline(stale, deviates=bool(red - {Outcome.INCONCLUSIVE}), decided=not red)


def result_sentence(view: RunView) -> str:
    """Returns the result in one sentence, with the numbers of failed requirements."""
    words = run_overall(view)
    sentence = f"{words.sentence[0].upper()}{words.sentence[1:]}"
    if view.footer is None or view.footer.exit_code not in (ExitCode.DEVIATES, ExitCode.NOTHING_PROVEN):
        return sentence
    red = [group for group in findings(view) if group.red]
    parts = []
    for outcome, verb in (
        (Outcome.FAIL, "fail"),
        (Outcome.BLOCKED, "blocked"),
        (Outcome.INCONCLUSIVE, "inconclusive"),
    ):
        count = len({group.requirement for group in red if group.outcome is outcome})
        if count:
            parts.append(f"{count} {verb}")
    return f"MUST requirements: {', '.join(parts)}" if parts else sentence


def must_share(view: RunView) -> tuple[int, int]:
    """Returns the number of MUST verdicts that pass and the number of judged MUST verdicts."""
    must = [v for v in view.verdicts if v.level is Level.MUST and v.outcome not in _LEFT_OUT]
    return sum(v.outcome is Outcome.PASS for v in must), len(must)


def headline(view: RunView) -> str:
    """Returns one sentence: how many MUST verdicts pass, on how many requirements and features."""
    judged = [v for v in view.verdicts if v.outcome not in (Outcome.SKIPPED, Outcome.UNTESTED)]
    passed, must = must_share(view)
    requirements = len({v.requirement for v in judged})
    features = len({v.feature for v in judged if v.feature})
    not_judged = sum(v.level is Level.MUST and v.outcome in _LEFT_OUT for v in view.verdicts)
    more = f", {not_judged} not judged" if not_judged else ""
    return f"{passed} of {must} MUST verdicts pass{more}, on {requirements} requirement(s) and {features} feature(s)"
