"""Writes a case as one script: the rules of the judge, a replay client and the recorded requests."""

import inspect
import pprint
from collections.abc import Mapping
from pathlib import Path

from ciq_conformance.areas.explore import history_rules, observed_history
from ciq_conformance.explore import replay_record, replay_wire
from ciq_conformance.explore.script import own_lines
from ciq_conformance.repro import request_replay, response_shape

_MODULES = (observed_history, history_rules, replay_wire, replay_record, response_shape, request_replay)
"""Parts of a script; each may use those before it."""
_LISTS = ("prologue", "epilogue", "requests")


def script_name(case: Mapping[str, object]) -> str:
    """Returns the file name of a script, such as `repro-PRI-001-media.py`."""
    return f"repro-{case['requirement']}-{case['feature']}.py"


def script_text(case: Mapping[str, object]) -> str:
    """Returns the whole script."""
    plain = {name: value for name, value in case.items() if name not in _LISTS}
    lines = [
        "#!/usr/bin/env python3",
        f"# Reproduces a deviation from {case['requirement']} on a target. Written by `ciq repro`.",
        f"# Usage: python3 {script_name(case)} http://HOST:PORT",
        *(own_lines(inspect.getsource(module)) for module in _MODULES),
        f"CASE = {pprint.pformat(plain, sort_dicts=False, width=110)}",
    ]
    for name in _LISTS:
        requests = case[name]
        assert isinstance(requests, list)  # noqa: S101 - the case is ours
        lines += [f"CASE[{name!r}] = [", *(f"    {request!r}," for request in requests), "]"]
    lines += ["", 'if __name__ == "__main__":', "    sys.exit(main(CASE, sys.argv[1:]))", ""]
    return "\n".join(lines)


def write_script(case: Mapping[str, object], path: Path) -> None:
    """Writes the script to `path` and makes it executable."""
    path.write_text(script_text(case), encoding="utf-8")
    path.chmod(0o755)
