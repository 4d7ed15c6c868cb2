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
_REPEATED = ("bucket", "region", "callback_bind", "callback_url", "timeout_factor", "restart_command")
"""Settings whose options a further run needs as well."""
_RANDOMIZED = tuple(sorted(BY_OPTION))


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
