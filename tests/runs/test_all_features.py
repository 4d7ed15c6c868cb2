"""Tests of runs over every feature, and over a media feature with two queues."""

from pathlib import Path

from command import ciq, verdicts_of

from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.features import Feature


def test_every_feature_gets_the_same_checks(tmp_path: Path) -> None:
    """With `--feature all` paths, queues and isolation are checked on each feature, and hold on the mock."""
    globs = ("-k", "PTH-00[1345]", "-k", "ONE-00[138]", "-k", "QUE-001")
    done = ciq("run", "--feature", "all", *globs, cwd=tmp_path)
    assert done.code == 0, done.text
    verdicts = verdicts_of(tmp_path / "ciq-report")
    for requirement in ("PTH-001", "PTH-003", "PTH-004", "ONE-001", "ONE-003", "ONE-008", "QUE-001"):
        outcomes = {v.feature: v.outcome for v in verdicts.values() if v.requirement == requirement}
        assert outcomes == dict.fromkeys(Feature, "pass"), requirement


def test_target_with_a_speed_queue_conforms(tmp_path: Path) -> None:
    """A target with the documented second media queue passes the queue checks, and QueueType selects it."""
    settings = MockSettings(duration=0.02, speed_queue=True, activated=(Feature.MEDIA, Feature.DOC))
    globs = [part for glob in ("ONE-*", "QUE-*", "ACT-00[145]", "SUB-017", "LST-*") for part in ("-k", glob)]
    with MockServer(settings) as mock:
        done = ciq("run", "--target", mock.url, "--feature", "media", "--feature", "doc", *globs, cwd=tmp_path)
    assert done.code == 0, done.text
    verdicts = verdicts_of(tmp_path / "ciq-report")
    assert verdicts["SUB-017-media"].outcome == "pass"
    assert verdicts["ONE-001-media"].outcome == "pass"
    assert "queue-speed-transcoding-process-1" in verdicts["QUE-021-media"].seen
    without_second_bucket = {"ONE-014", "ONE-015"}
    judged = [v.outcome for v in verdicts.values() if v.requirement not in without_second_bucket]
    assert set(judged) <= {"pass", "note"}
