"""Tests of the scenarios `templates` and `binding` on running targets: with, without and with wrong templates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest
from cli_runs import run_suite
from miniature.server import Miniature
from miniature.traits import Traits

from ciq_mock.resources import Template, TemplateFilter, Templates
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.features import Feature

SELECTED = ("-k", "TPL-*", "-k", "BND-*")
BOTH = ("--feature", "media", "--feature", "pic")


def the_mock() -> MockServer:
    """Runs a mock with every feature."""
    return MockServer(MockSettings(activated=tuple(Feature), duration=0.05))


def test_target_with_templates_passes_and_keeps_none(tmp_path: Path) -> None:
    """Every selected item passes, and the scenario deletes its templates."""
    with the_mock() as server:
        trial = run_suite(server.url, tmp_path, *BOTH, *SELECTED)
        assert b"<TotalCount>0</TotalCount>" in urlopen(f"{server.url}/template").read()
    assert trial.code == 0, trial.output
    judged = {v.item: str(v.outcome) for v in trial.verdicts if v.item.startswith(("TPL", "BND"))}
    assert set(judged.values()) == {"pass", "untested"}
    assert sum(outcome == "pass" for outcome in judged.values()) == 16


def test_target_without_templates_is_untested(tmp_path: Path) -> None:
    """Without a declaration their absence is reported and fails no pipeline."""
    with Miniature(Traits()) as target:
        trial = run_suite(target.url, tmp_path, "--feature", "media", *SELECTED, "-k", "SUB-001")
    assert trial.code == 0, trial.output
    outcomes = {str(v.outcome) for v in trial.verdicts if v.item.startswith(("TPL", "BND"))}
    assert outcomes == {"untested"}


def _keep(self: Templates, bucket: str, template_id: str) -> None:
    self.get(bucket, template_id)


def _by_anything(self: TemplateFilter, template: Template) -> bool:
    return not self.tag or template.tag == self.tag


@pytest.mark.parametrize(
    ("target", "fault", "red"),
    [
        ("ciq_mock.resources.templates.Templates.delete", _keep, "TPL-006"),
        ("ciq_mock.resources.templates.TemplateFilter.admits", _by_anything, "TPL-003"),
        ("ciq_mock.service.submit.name_for_job", lambda *_: "another", "TPL-007"),
    ],
)
def test_fault_is_detected(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, target: str, fault: Callable[..., object], red: str
) -> None:
    """A target that breaks one rule makes its requirement fail or warn."""
    monkeypatch.setattr(target, fault)
    with the_mock() as server:
        trial = run_suite(server.url, tmp_path, "--feature", "pic", "-k", red)
    assert red in trial.red(), trial.output
