"""Lists requirements that were selected and not judged, with the reason, so that they do not look passed. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from ciq_reports.outcomes import WORDS
from ciq_reports.summary import SimilarVerdicts
from ciq_schemas.transcript.records import Level, Outcome, Verdict

WITHOUT_JUDGEMENT = (Outcome.UNTESTED, Outcome.NOT_IMPLEMENTED, Outcome.SKIPPED)


@dataclass(frozen=True, slots=True)
class NotJudged:
    """One requirement that was not judged, on the features that share the reason."""

    outcome: Outcome
    word: str
    requirement: str
    title: str
    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class MustsNotJudged:
    """MUST requirements that share outcome and reason."""

    word: str
    reason: str
    requirements: tuple[str, ...]
    where: str


def not_judged(verdicts: Iterable[Verdict]) -> tuple[NotJudged, ...]:
    """Returns what was not judged, by outcome, then in the order of the run."""
    mine: dict[tuple[Outcome, str, str], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.outcome in WITHOUT_JUDGEMENT:
            mine.setdefault((verdict.outcome, verdict.requirement, verdict.reason), []).append(verdict)
    return tuple(
        NotJudged(
            outcome, WORDS[outcome].word, name, members[0].title, SimilarVerdicts(verdicts=tuple(members)).where, reason
        )
        for (outcome, name, reason), members in sorted(
            mine.items(), key=lambda item: WITHOUT_JUDGEMENT.index(item[0][0])
        )
    )


def musts_not_judged(verdicts: Iterable[Verdict]) -> tuple[MustsNotJudged, ...]:
    """Returns each reason with the MUST requirements that were not judged; the exit code does not show them."""
    mine: dict[tuple[Outcome, str], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.level is Level.MUST and verdict.outcome in WITHOUT_JUDGEMENT:
            mine.setdefault((verdict.outcome, verdict.reason), []).append(verdict)
    return tuple(
        MustsNotJudged(
            word=WORDS[outcome].word,
            reason=reason or "no reason was given",
            requirements=tuple(dict.fromkeys(verdict.requirement for verdict in members)),
            where=", ".join(dict.fromkeys(verdict.feature or "all features" for verdict in members)),
        )
        for (outcome, reason), members in sorted(mine.items(), key=lambda item: WITHOUT_JUDGEMENT.index(item[0][0]))
    )
