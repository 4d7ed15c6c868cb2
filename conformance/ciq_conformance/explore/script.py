"""Writes a history as a stand-alone script: the rules of the judge, a replay client and the case, in one file.

No secret goes into a script: keys come from the environment when it runs.
"""

import ast
import inspect
import pprint
from collections.abc import Mapping
from pathlib import Path

from ciq_conformance.areas.explore import history_rules, observed_history
from ciq_conformance.driver.requests import operation_xml
from ciq_conformance.driver.scenario_context import ScenarioContext
from ciq_conformance.explore import replay, replay_record, replay_wire
from ciq_conformance.explore.history import Command, History, Op
from ciq_schemas.features import SHARED_JOB_PATH
from ciq_schemas.requirement import load_registry

_MODULES = (observed_history, history_rules, replay_wire, replay_record, replay)
"""Parts of a script; each may use those before it."""


def script_name(rule: str, feature: str) -> str:
    """File name of a script, such as `explore-EXP-001-media.py`."""
    return f"explore-{rule}-{feature}.py"


def write_script(
    ctx: ScenarioContext, rule: str, history: History, *, job_path: str, halting: bool, held_by_workers: int
) -> Path:
    """Write the script into the script directory of the run; return its path."""
    folder = ctx.extra_testing.scripts
    if folder is None:
        raise ValueError("this run has no script directory")
    path = folder / script_name(rule, ctx.spec.feature)
    case = case_of(ctx, rule, history, job_path=job_path, halting=halting, held_by_workers=held_by_workers)
    path.write_text(script_text(case), encoding="utf-8")
    path.chmod(0o755)
    return path


def case_of(
    ctx: ScenarioContext, rule: str, history: History, *, job_path: str, halting: bool, held_by_workers: int
) -> dict[str, object]:
    """What the replay needs to know of the target, as plain values."""
    profile, spec, calibration = ctx.profile, ctx.spec, ctx.timeouts.calibration
    order = ctx.job_request("replay", user_data=None)
    container, _, _ = operation_xml(order).removeprefix("<Operation>").partition("<Output>")
    fixed = spec.feature in profile.job_path
    return {
        "rule": rule,
        "title": load_registry().get(rule).statement,
        "feature": spec.feature.value,
        "target": profile.url,
        "bucket": profile.bucket,
        "region": profile.region,
        "host": profile.host,
        "queue_path": spec.queue_path,
        "queue_names": [ctx.found.name or "", *spec.queue_names],
        "job_path": job_path,
        "cancel_path": job_path if fixed else SHARED_JOB_PATH,
        "tag": order.tag,
        "container": container,
        "input": order.input_object,
        "input_extra": order.input_extra,
        "output": order.output_object,
        "several_ids": ctx.several_ids,
        "latency": calibration.job_latency,
        "start_latency": calibration.start_latency,
        "callback_latency": calibration.callback_latency or 0.0,
        "workers": max(1, calibration.workers),
        "halting": halting,
        "held_by_workers": held_by_workers,
        "restart_command": profile.restart_command,
        "history": [command_values(command) for command in history],
    }


def command_values(command: Command) -> list[object]:
    """A command as plain values, for the replay."""
    match command.op:
        case Op.SUBMIT | Op.MANY:
            return [command.op.value, list(command.levels), command.own]
        case Op.CANCEL:
            return [command.op.value, command.pick]
        case Op.RULE:
            return [command.op.value, command.rule.value]
        case Op.FAILING:
            return [command.op.value, command.pick, command.times]
        case _:
            return [command.op.value]


def script_text(case: Mapping[str, object]) -> str:
    """The whole script."""
    return "\n".join(
        (
            "#!/usr/bin/env python3",
            f"# Reproduces a deviation from {case['rule']} on a target. Written by `ciq run --explore`.",
            *(own_lines(inspect.getsource(module)) for module in _MODULES),
            f"CASE = {pprint.pformat(dict(case), sort_dicts=False, width=110)}",
            "",
            'if __name__ == "__main__":',
            "    sys.exit(main(CASE))",
            "",
        )
    )


def own_lines(source: str) -> str:
    """The source of a module without its imports from this package: the script contains those modules."""
    lines: list[str | None] = list(source.splitlines())
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ciq_conformance"):
            lines[node.lineno - 1 : node.end_lineno] = [None] * ((node.end_lineno or node.lineno) - node.lineno + 1)
    return "\n".join(line for line in lines if line is not None) + "\n"
