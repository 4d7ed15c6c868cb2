"""Summarizes a run: counts, findings grouped by requirement, and the next steps. Pure.

Knows verdicts and exit codes. Must not know any output format: console, Markdown and HTML show these values.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote

from ciq_reports.outcomes import FINDINGS, WORDS, Overall, is_red, overall, overall_with_stale_baseline
from ciq_reports.sanitize import one_line
from ciq_reports.transcript import RunView
from ciq_schemas.requirement import BY_OPTION
from ciq_schemas.transcript.records import ExitCode, Level, Outcome, Verdict

_VARIABLE = re.compile(r"\b[a-z]?[0-9a-f]{8,}\b|\d+(?:[.:]\d+)*")

_REPEATED = ("bucket", "region", "callback_bind", "callback_url", "timeout_factor", "restart_command")
"""Settings whose options a further run needs as well."""
_RANDOMIZED = tuple(sorted(BY_OPTION))
_MOST_STALE = 5
"""Stale entries that the next steps name one by one."""
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


def rerun_command(view: RunView, requirements: Sequence[str]) -> str:
    """Returns the command that tests these requirements again, with the same options and seed."""
    parts = ["ciq run"]
    if not view.header.target.embedded:
        parts.append(f"--target {one_line(view.header.target.url)}")
    settings = {setting.name: setting for setting in view.header.settings}
    for name, setting in settings.items():
        if name == "features" and setting.origin == "--feature":
            parts += [f"--feature {feature}" for feature in view.header.features]
        elif name in _REPEATED and setting.origin.startswith("--") and setting.value:
            parts.append(f"{setting.origin} {quote(one_line(setting.value))}")
    scenarios = {verdict.scenario for verdict in view.verdicts if verdict.requirement in requirements}
    randomized = [name for name in _RANDOMIZED if name in scenarios and name in settings]
    parts += [f"--{name} {one_line(settings[name].value)}" for name in randomized]
    if randomized and "seed" in settings:
        parts.append(f"--seed {one_line(settings['seed'].value)}")
    return " ".join((*parts, *(f"--only {one_line(name)}" for name in requirements)))


def next_steps(view: RunView) -> tuple[str, ...]:
    """Returns the next steps for the reader, most useful first; each is a sentence with commands in backquotes."""
    if view.footer is None:
        return (
            (
                "The run has no footer: it was killed or is still running. The verdicts in the file are valid; "
                "missing verdicts mean nothing. Run it again."
            ),
            "`ciq doctor` reports queues of the target that are still paused; a complete run restores them.",
        )
    groups = findings(view)
    steps: list[str] = []
    red = [group for group in groups if group.red]
    blocked = [group for group in red if group.outcome is Outcome.BLOCKED]
    failed = [group for group in red if group.outcome is Outcome.FAIL]
    unsure = [group for group in red if group.outcome is Outcome.INCONCLUSIVE]
    if not view.footer.restored:
        steps.append("The target was not restored: check State and callback rule of its queues.")
    match view.footer.exit_code:
        case ExitCode.DEVIATES if view.footer.stale and not red:
            steps.append(
                "No correction of the target is required: exit code 1 has only one cause, the stale baseline entries."
            )
        case ExitCode.CONFORMS if view.footer.restored:
            steps.append("No action required. Keep `run.ndjson`: it contains every exchange of this run.")
        case ExitCode.USAGE:
            steps.append("Correct the profile or the options named in the message; nothing was sent.")
        case ExitCode.UNREACHABLE:
            steps.append("Run `ciq doctor`: it tests target reachability and callback delivery.")
        case ExitCode.SUITE_ERROR:
            steps.append("This is an error of the kit, not of the target: report it with `run.ndjson`.")
        case ExitCode.NOTHING_PROVEN if not view.verdicts:
            steps.append("Nothing was selected: loosen `--only`, `--level` or `--feature`.")
        case _:
            pass
    steps += [f"Baseline entry {entry.item}: it {one_line(entry.advice)}." for entry in view.footer.stale[:_MOST_STALE]]
    if len(view.footer.stale) > _MOST_STALE:
        steps.append(f"{len(view.footer.stale) - _MOST_STALE} more baseline entries did not deviate either.")
    if failed:
        first = failed[0]
        steps.append(
            f"Start with {first.requirement} ({one_line(first.title)}): "
            f"`ciq explain {first.requirement}` shows the requirement and its clause."
        )
    if blocked:
        steps.append(
            f"A failed prerequisite blocks {len(blocked)} requirement(s); the reason names it. "
            "Correct the prerequisite first: this usually unblocks all of them."
        )
    if unsure:
        steps.append(
            f"{len(unsure)} MUST requirement(s) are inconclusive; the reason describes "
            "stronger evidence (longer jobs, a greater --timeout-factor, fewer workers)."
        )
    again = [group.requirement for group in (*failed, *unsure)][:4]
    # A further run shows a warning again, unless the warning depends on the seed.
    again = (
        again or [group.requirement for group in groups if group.similar_verdicts[0].first.scenario in _RANDOMIZED][:4]
    )
    if again:
        steps.append(f"After the fix, run only these again: `{rerun_command(view, again)}`.")
    if failed and not view.header.target.embedded:
        steps.append(
            f"For comparison, `ciq run --only {failed[0].requirement}` runs the same scenario on the embedded mock."
        )
    if groups and not red:
        steps.append("Warnings do not change the exit code, but users of the service may be affected by them.")
    return tuple(steps)
