"""Runs over a network that loses connections: the network is named, and no requirement is contradicted."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import ciq, records_of, verdicts_of
from lossy_proxy import LossyProxy, every, two_posts

from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.features import Feature
from ciq_schemas.transcript.records import Exchange, Level, Outcome

SELECTION = ("--feature", "media", "-k", "SUB-*", "-k", "UPD-*", "-k", "CAN-*", "-k", "DES-*", "-k", "ERR-*")
AGAINST_THE_TARGET = frozenset({Outcome.FAIL, Outcome.BLOCKED, Outcome.SUITE_ERROR, Outcome.WARN})


@pytest.fixture
def target() -> Iterator[MockServer]:
    """A conforming target."""
    with MockServer(MockSettings(duration=0.02, activated=(Feature.MEDIA,))) as mock:
        yield mock


@pytest.mark.parametrize("after", [False, True])
def test_two_lost_posts_contradict_no_requirement(target: MockServer, tmp_path: Path, *, after: bool) -> None:
    """The first POST is sent again; what rests on the other one is inconclusive and names the network."""
    with LossyProxy(target.url, two_posts(b"submit plain"), after=after) as proxy:
        done = ciq("run", "--target", proxy.url, *SELECTION, cwd=tmp_path)
        assert proxy.lost == 2
    verdicts = verdicts_of(tmp_path / "ciq-report").values()
    assert [v.item for v in verdicts if v.outcome in AGAINST_THE_TARGET] == []
    unsure = [v for v in verdicts if v.outcome is Outcome.INCONCLUSIVE and v.level is Level.MUST]
    assert unsure
    assert all(v.reason.startswith("the network: ") for v in unsure)
    assert done.code == 5, done.text


@pytest.mark.parametrize("after", [False, True])
def test_many_lost_requests_end_with_exit_3(target: MockServer, tmp_path: Path, *, after: bool) -> None:
    """At 3 percent the run names the network with its counts; no verdict blames the target."""
    with LossyProxy(target.url, every(33), after=after) as proxy:
        done = ciq("run", "--target", proxy.url, *SELECTION, cwd=tmp_path)
    assert done.code == 3, done.text
    assert "the network between the suite and the target loses connections: " in done.err
    assert " of them on a new connection" in done.err
    outcomes = Counter(v.outcome for v in verdicts_of(tmp_path / "ciq-report").values())
    assert not AGAINST_THE_TARGET & outcomes.keys(), outcomes
    lost = sum(record.lost for record in records_of(tmp_path / "ciq-report") if isinstance(record, Exchange))
    assert lost == proxy.lost


def test_target_that_closes_every_submit_deviates(target: MockServer, tmp_path: Path) -> None:
    """A connection that breaks at every attempt is the target's behaviour, and no sign of a bad network."""
    with LossyProxy(target.url, lambda method, _body: method == "POST") as proxy:
        done = ciq("run", "--target", proxy.url, "--feature", "media", "-k", "SUB-*", cwd=tmp_path)
    assert done.code == 1, done.text
    outcomes = Counter(v.outcome for v in verdicts_of(tmp_path / "ciq-report").values() if v.level is Level.MUST)
    assert outcomes[Outcome.BLOCKED] > outcomes[Outcome.INCONCLUSIVE], outcomes
