"""Derives the next steps of a reader from the root causes of a run, and the command of a further run. Pure.

Must not know any output format: console, Markdown and HTML show these sentences.
"""

from collections.abc import Sequence
from shlex import quote

from ciq_reports.root_causes import RootCause, root_causes
from ciq_reports.sanitize import one_line
from ciq_reports.transcript import RunView
from ciq_schemas.requirement import BY_OPTION
from ciq_schemas.transcript.records import ExitCode, Footer, Outcome

_MOST_STALE = 5
"""Stale entries that the next steps name one by one."""
_REPEATED = (
    *("bucket", "region", "callback_bind", "callback_url", "timeout_factor", "restart_command"),
    *("seen_url", "seen_command", "canary_bind", "canary_url", "service_bind"),
)
"""Settings whose options a further run needs as well."""
_LISTS = ("formats", "events")
"""Settings whose option is repeated for each value."""
_RANDOMIZED = tuple(sorted(BY_OPTION))


def rerun_command(view: RunView, requirements: Sequence[str]) -> str:
    """Returns the command that tests these requirements again, with the same options and seed."""
    if view.of_receiver:
        parts = [f"ciq receiver {quote(one_line(view.header.target.url))}"]
    elif view.header.target.embedded:
        parts = ["ciq run"]
    else:
        parts = [f"ciq run --target {one_line(view.header.target.url)}"]
    settings = {setting.name: setting for setting in view.header.settings}
    for name, setting in settings.items():
        if name == "features" and setting.origin == "--feature":
            parts += [f"--feature {feature}" for feature in view.header.features]
        elif name in _LISTS and setting.origin.startswith("--"):
            parts += [f"{setting.origin} {quote(one_line(value))}" for value in setting.value.split(",")]
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
    causes = root_causes(view)
    red = [cause for cause in causes if cause.red]
    steps = _state_of_run(view, view.footer, red)
    steps += _features_without_queue(view)
    steps += [f"Baseline entry {entry.item}: it {one_line(entry.advice)}." for entry in view.footer.stale[:_MOST_STALE]]
    if len(view.footer.stale) > _MOST_STALE:
        steps.append(f"{len(view.footer.stale) - _MOST_STALE} more baseline entries did not deviate either.")
    failed = [cause for cause in red if cause.deviates]
    if failed:
        steps += _first_correction(failed[0], len(failed), of_receiver=view.of_receiver)
    unexplained = sum(cause.unblocks for cause in red if not cause.groups)
    unexplained += sum(group.outcome is Outcome.BLOCKED for cause in red for group in cause.groups)
    if unexplained:
        steps.append(
            f"A failed prerequisite blocks {unexplained} requirement(s); the reason names it. "
            "Correct the prerequisite first: this usually unblocks all of them."
        )
    unsure = [group.requirement for cause in red for group in cause.groups if group.outcome is Outcome.INCONCLUSIVE]
    if unsure:
        steps.append(
            f"{len(unsure)} MUST requirement(s) are inconclusive; the reason describes "
            "stronger evidence (longer jobs, a greater --timeout-factor, fewer workers)."
        )
    again = [*(failed[0].requirements if failed else ()), *unsure] or _randomized_findings(causes)
    if again:
        steps.append(f"After the fix, run only these again: `{rerun_command(view, tuple(dict.fromkeys(again)))}`.")
    if failed and failed[0].lead is not None and not view.header.target.embedded and not view.of_receiver:
        lead = failed[0].lead.requirement
        steps.append(f"For comparison, `ciq run --only {lead}` runs the same scenario on the embedded mock.")
    warned = any(group.outcome is Outcome.WARN for cause in causes for group in cause.groups)
    if warned and not red:
        steps.append("Warnings do not change the exit code, but users of the service may be affected by them.")
    return tuple(steps)


def _state_of_run(view: RunView, footer: Footer, red: Sequence[RootCause]) -> list[str]:
    """Returns the steps that depend on the run as a whole."""
    steps = []
    if not footer.restored:
        steps.append("The target was not restored: check State and callback rule of its queues.")
    match footer.exit_code:
        case ExitCode.DEVIATES if footer.stale and not red:
            steps.append(
                "No correction of the target is required: exit code 1 has only one cause, the stale baseline entries."
            )
        case ExitCode.CONFORMS if footer.restored:
            steps.append("No action required. Keep `run.ndjson`: it contains every exchange of this run.")
        case ExitCode.USAGE:
            steps.append("Correct the profile or the options named in the message; nothing was sent.")
        case ExitCode.UNREACHABLE if view.of_receiver:
            steps.append("Start the receiver and give the address that its callback rule names.")
        case ExitCode.UNREACHABLE:
            steps.append("Run `ciq doctor`: it tests target reachability and callback delivery.")
        case ExitCode.SUITE_ERROR:
            steps.append("This is an error of the kit, not of the target: report it with `run.ndjson`.")
        case ExitCode.NOTHING_PROVEN if not view.verdicts:
            steps.append("Nothing was selected: loosen `--only`, `--level` or `--feature`.")
        case _:
            pass
    return steps


def _features_without_queue(view: RunView) -> list[str]:
    """Returns the shorter run for a target that offers only some of the features of the run."""
    without = [
        name
        for name in view.header.features
        if any(e.scenario == "probe" and e.text.startswith(f"{name} has no queue") for e in view.events)
    ]
    offered = [name for name in view.header.features if name not in without]
    if not without or not offered:
        return []
    target = "" if view.header.target.embedded else f" --target {one_line(view.header.target.url)}"
    selected = "".join(f" --feature {name}" for name in offered)
    return [
        (
            f"The target has no queue of {' and '.join(without)}, which blocks all their requirements. "
            f"If it offers {' and '.join(offered)} only, run `ciq run{target}{selected}`."
        )
    ]


def _first_correction(cause: RootCause, causes: int, *, of_receiver: bool) -> list[str]:
    """Returns what to correct first, and why this cause comes first."""
    lead = cause.lead
    if lead is None:
        return []
    others = len(cause.groups) - 1
    more = [f"{others} more finding(s) have the same cause"] if others else []
    more += [f"its correction unblocks {len(cause.consequences)} requirement(s)"] if cause.consequences else []
    why = f"; {' and '.join(more)}" if more else ""
    number = f"Of {causes} separate causes, start" if causes > 1 else "Start"
    script = (
        ""
        if of_receiver
        else f", `ciq repro run.ndjson {lead.requirement}` writes a script that shows the deviation again"
    )
    start = (
        f"{number} with {lead.requirement} ({one_line(lead.title)}){why}: "
        f"`ciq explain {lead.requirement}` shows the requirement and its clause{script}."
    )
    return [start, *(f"Diagnosis for {one_line(text, 400)}." for text in cause.diagnoses)]


def _randomized_findings(causes: Sequence[RootCause]) -> list[str]:
    """Returns the ids of warnings that depend on the seed; a further run shows any other warning again."""
    groups = [group for cause in causes for group in cause.groups]
    return [g.requirement for g in groups if g.similar_verdicts[0].first.scenario in _RANDOMIZED][:4]
