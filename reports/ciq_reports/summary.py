"""What a run comes to: counts, findings grouped by requirement, and what to do next. Pure.

Knows verdicts and exit codes. Must not know any output format: console, Markdown and HTML show these values.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote

from ciq_reports.outcomes import FINDINGS, WORDS, Overall, is_red, overall
from ciq_reports.sanitize import one_line
from ciq_reports.transcript import RunView
from ciq_schemas.requirement import Scenario
from ciq_schemas.transcript.records import ExitCode, Level, Outcome, Verdict

_VARIABLE = re.compile(r"\b[a-z]?[0-9a-f]{8,}\b|\d+(?:[.:]\d+)*")

_REPEATED = ("bucket", "region", "callback_bind", "callback_url", "timeout_factor", "restart_command")
"""Settings whose flags a further run wants as well."""
_BY_CHANCE = (Scenario.EXPLORE, Scenario.FUZZ)
_LEFT_OUT = (Outcome.SKIPPED, Outcome.UNTESTED, Outcome.NOT_IMPLEMENTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarVerdicts:
    """Verdicts of one requirement that say the same thing apart from ids, numbers and the feature."""

    verdicts: tuple[Verdict, ...]

    @property
    def first(self) -> Verdict:
        """The one to show for all."""
        return self.verdicts[0]

    @property
    def where(self) -> str:
        """`media, speech` or `doc (json)`: features and formats, in the order of the run."""
        formats: dict[str, list[str]] = {}
        for verdict in self.verdicts:
            formats.setdefault(verdict.feature or "all features", [])
            if verdict.format:
                formats[verdict.feature or "all features"].append(verdict.format)
        return ", ".join(f"{name} ({'+'.join(of)})" if of else name for name, of in formats.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingGroup:
    """One requirement with one outcome that wants attention, over all features it concerns."""

    requirement: str
    level: Level
    outcome: Outcome
    title: str
    clause: str
    similar_verdicts: tuple[SimilarVerdicts, ...]

    @property
    def red(self) -> bool:
        """At least one verdict in here keeps the run from exit code 0."""
        return any(is_red(verdict) for similar in self.similar_verdicts for verdict in similar.verdicts)

    @property
    def baseline(self) -> bool:
        """Every verdict in here is a known deviation of the baseline."""
        return all(verdict.baseline for similar in self.similar_verdicts for verdict in similar.verdicts)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """All verdicts of the group."""
        return tuple(verdict for similar in self.similar_verdicts for verdict in similar.verdicts)


def _alike(verdict: Verdict) -> tuple[str, ...]:
    """What two verdicts must share to be told as one."""
    texts = (verdict.expected, verdict.seen, verdict.reason, verdict.power)
    name = re.escape(verdict.feature) if verdict.feature else r"(?!)"
    plain = (_VARIABLE.sub("#", re.sub(rf"\b{name}\b", "@", text)) for text in texts)
    return (verdict.scenario, str(verdict.baseline), *plain)


def similar_verdicts(verdicts: Iterable[Verdict]) -> tuple[SimilarVerdicts, ...]:
    """Put verdicts of one requirement and outcome together where they say the same."""
    found: dict[tuple[str, ...], list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault(_alike(verdict), []).append(verdict)
    return tuple(SimilarVerdicts(verdicts=tuple(members)) for members in found.values())


def findings(view: RunView) -> tuple[FindingGroup, ...]:
    """Fail, blocked, suite-error, inconclusive, warn: red ones first, then by urgency, then as in the run."""
    groups: dict[tuple[str, Outcome], list[Verdict]] = {}
    for verdict in view.verdicts:
        if verdict.outcome in FINDINGS:
            groups.setdefault((verdict.requirement, verdict.outcome), []).append(verdict)
    made = [
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
    return tuple(sorted(made, key=lambda group: (not group.red, group.baseline, WORDS[group.outcome].rank)))


def counts(verdicts: Iterable[Verdict]) -> Counter[tuple[Level, Outcome]]:
    """How many verdicts of each level and outcome."""
    return Counter((verdict.level, verdict.outcome) for verdict in verdicts)


def by_outcome(verdicts: Iterable[Verdict]) -> Mapping[Outcome, int]:
    """How many verdicts of each outcome, most urgent first, outcomes that did not occur left out."""
    found = Counter(verdict.outcome for verdict in verdicts)
    return {outcome: found[outcome] for outcome in sorted(found, key=lambda o: WORDS[o].rank)}


def run_overall(view: RunView) -> Overall:
    """The run in a word, a tone and a sentence."""
    return overall(None if view.footer is None else view.footer.exit_code)


def result_sentence(view: RunView) -> str:
    """The result as the first thing a reader should know, with the numbers where there are any."""
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
    """How many MUST verdicts pass, and of how many that were owed and not left out."""
    must = [v for v in view.verdicts if v.level is Level.MUST and v.outcome not in _LEFT_OUT]
    return sum(v.outcome is Outcome.PASS for v in must), len(must)


def headline(view: RunView) -> str:
    """One sentence: how much was judged and how it went."""
    judged = [v for v in view.verdicts if v.outcome not in (Outcome.SKIPPED, Outcome.UNTESTED)]
    passed, must = must_share(view)
    requirements = len({v.requirement for v in judged})
    features = len({v.feature for v in judged if v.feature})
    not_judged = sum(v.level is Level.MUST and v.outcome in _LEFT_OUT for v in view.verdicts)
    more = f", {not_judged} not judged" if not_judged else ""
    return f"{passed} of {must} MUST verdicts pass{more}, on {requirements} requirement(s) and {features} feature(s)"


def rerun_command(view: RunView, requirements: Sequence[str]) -> str:
    """The command that looks at these requirements again: same flags, and the same seed for what was by chance."""
    parts = ["ciq run"]
    if not view.header.target.embedded:
        parts.append(f"--target {one_line(view.header.target.url)}")
    settings = {setting.name: setting for setting in view.header.settings}
    for name, setting in settings.items():
        if name == "features" and setting.origin == "--feature":
            parts += [f"--feature {feature}" for feature in view.header.features]
        elif name in _REPEATED and setting.origin.startswith("--") and setting.value:
            parts.append(f"{setting.origin} {quote(one_line(setting.value))}")
    played = {verdict.scenario for verdict in view.verdicts if verdict.requirement in requirements}
    chance = [name for name in _BY_CHANCE if name in played and name in settings]
    parts += [f"--{name} {one_line(settings[name].value)}" for name in chance]
    if chance and "seed" in settings:
        parts.append(f"--seed {one_line(settings['seed'].value)}")
    return " ".join((*parts, *(f"--only {one_line(name)}" for name in requirements)))


def next_steps(view: RunView) -> tuple[str, ...]:
    """What a person does now, most useful first; each a sentence, commands in backquotes."""
    if view.footer is None:
        return (
            (
                "The run has no footer: it was killed or is still going on. Verdicts that are here stand, "
                "what is missing says nothing. Run it again."
            ),
            "If queues of the target are still paused, `ciq doctor` says so; a complete run puts them back.",
        )
    groups = findings(view)
    steps: list[str] = []
    red = [group for group in groups if group.red]
    blocked = [group for group in red if group.outcome is Outcome.BLOCKED]
    failed = [group for group in red if group.outcome is Outcome.FAIL]
    unsure = [group for group in red if group.outcome is Outcome.INCONCLUSIVE]
    if not view.footer.restored:
        steps.append("The target could not be left as it was found: look at state and callback rule of its queues.")
    match view.footer.exit_code:
        case ExitCode.CONFORMS if view.footer.restored:
            steps.append("Nothing must be done. Keep `run.ndjson`: every exchange behind this result is in it.")
        case ExitCode.USAGE:
            steps.append("Correct the profile or the flags as the message says; nothing was sent.")
        case ExitCode.UNREACHABLE:
            steps.append("Run `ciq doctor`: it tests the way to the target and the callbacks' way back.")
        case ExitCode.SUITE_ERROR:
            steps.append("This is a mistake of the kit, not of the target: report it with `run.ndjson`.")
        case ExitCode.NOTHING_PROVEN if not view.verdicts:
            steps.append("Nothing was selected: loosen `--only`, `--level` or `--feature`.")
        case _:
            pass
    if failed:
        first = failed[0]
        steps.append(
            f"Begin with {first.requirement} ({one_line(first.title)}): "
            f"`ciq explain {first.requirement}` says what is asked and by which clause."
        )
    if blocked:
        steps.append(
            f"{len(blocked)} requirement(s) are blocked by a broken prerequisite, whose reason is given. "
            "They are usually freed together by mending that one."
        )
    if unsure:
        steps.append(
            f"{len(unsure)} MUST requirement(s) stayed inconclusive; the reason says what would make the "
            "evidence stronger (longer jobs, more patience, fewer workers)."
        )
    again = [group.requirement for group in (*failed, *unsure)][:4]
    # A warning can be looked at again in any run, unless only this seed has brought it about.
    again = (
        again or [group.requirement for group in groups if group.similar_verdicts[0].first.scenario in _BY_CHANCE][:4]
    )
    if again:
        steps.append(f"When mended, look again at these alone: `{rerun_command(view, again)}`.")
    if failed and not view.header.target.embedded:
        steps.append(
            f"To see the same scenario go right: `ciq run --only {failed[0].requirement}` "
            "plays it on the embedded mock."
        )
    if groups and not red:
        steps.append("Warnings do not turn the gate red, but users of the service may meet them.")
    return tuple(steps)
