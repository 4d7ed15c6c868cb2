"""Tests of `ciq faults`: it lists faults by area, requirement or name, and explains how to detect one."""

from __future__ import annotations

import json

from typer.testing import CliRunner, Result

from ciq_conformance.cli.app import build
from ciq_conformance.runner.embedded import known_faults
from ciq_schemas.requirement import load_registry

PAUSED = {fault.name for fault in known_faults() if fault.breaks.startswith("PAU-")}


def ciq_faults(*arguments: str) -> Result:
    """Runs the command with arguments."""
    return CliRunner().invoke(build(), ["faults", *arguments], env={"COLUMNS": "160", "TERM": "dumb"})


def names(*globs: str) -> set[str]:
    """Returns the faults that the command lists for programs."""
    return {one["name"] for one in json.loads(ciq_faults("--json", *globs).stdout)}


def test_faults_are_found_by_requirement_area_and_name() -> None:
    """Each filter finds the same faults; several filters add up; an unknown filter finds none."""
    assert names("PAU-*") == names("pause") == PAUSED
    assert names("PAU-*", "*-restart") == PAUSED | names("*-restart")
    assert len(names("*-restart")) >= 5
    nothing = ciq_faults("pauses")
    assert nothing.exit_code == 2
    assert "pauses" in nothing.output


def test_list_is_grouped_by_area() -> None:
    """Each area occurs once, with the number of its faults and with the levels of their requirements."""
    lines = [line.split("│")[1:5] for line in ciq_faults().stdout.splitlines() if line.startswith("│")]
    heads = [index for index, line in enumerate(lines) if not line[1].strip() and " fault" in line[2]]
    registry = load_registry()
    areas = {
        lines[index][0].strip(): lines[index + 1 : end] for index, end in zip(heads, [*heads[1:], None], strict=True)
    }
    assert len(areas) == len(heads)
    assert areas.keys() == {registry.get(fault.breaks).area for fault in known_faults()}
    for index in heads:
        area = lines[index][0].strip()
        rows = [line for line in areas[area] if line[1].strip()]
        assert lines[index][2].split()[0] == str(len(rows))
        for line in rows:
            name, level = line[0].split()
            assert (registry.get(name).area, registry.get(name).level) == (area, level)


def test_help_shows_a_complete_example() -> None:
    """Help shows a complete example and what restart faults need; the example's fault is in the area it names."""
    text = " ".join(ciq_faults("--help").output.split())
    assert "ciq mock --port 8080 --fault last-of-many-leaks" in text
    assert "--area pause" in text
    assert "last-of-many-leaks" in PAUSED
    assert "--restart-command" in text
    assert "PAU-*" in text
