"""Lanes: order within an address, turns among addresses, bounds kept, nothing lost."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.delivery.url_queues import PendingCallback, UrlQueue, UrlQueues
from ciq_mock.engine import Engine, Job, JobSpec
from ciq_mock.ids import RandomIds
from ciq_schemas.features import Feature


def a_job() -> Job:
    """Any job."""
    engine = Engine(ids=RandomIds(seed=1))
    engine.activate(0.0, "unit-1250000000", Feature.MEDIA)
    return engine.submit(0.0, "unit-1250000000", Feature.MEDIA, [JobSpec(tag="T")])[0]


JOB = a_job()


def parcel(url: str) -> PendingCallback:
    """A parcel to an address."""
    return PendingCallback(subject=JOB, url=url, body_format=BodyFormat.XML, copy=1)


_steps = st.lists(st.one_of(st.sampled_from(["a", "b", "c"]), st.sampled_from(["take", "done"])), max_size=80)


@given(steps=_steps, width=st.integers(1, 3))
@settings(deadline=None)
def test_nothing_is_lost_and_bounds_are_kept(steps: list[str], width: int) -> None:
    """Each parcel is taken once, oldest of its address first, never more than `width` out to one address."""
    lanes = UrlQueues(width=width)
    waiting: dict[str, list[PendingCallback]] = defaultdict(list)
    out: list[tuple[UrlQueue, PendingCallback]] = []

    def take() -> None:
        lane, taken = lanes.take()
        assert waiting[taken.url].pop(0) is taken
        out.append((lane, taken))
        assert sum(other.url == taken.url for _, other in out) <= width

    for step in steps:
        if step == "take":
            if lanes.ready:
                take()
        elif step == "done":
            if out:
                lanes.done(out.pop(0)[0])
        else:
            waiting[step].append(parcel(step))
            lanes.put(waiting[step][-1])
        assert lanes.waiting == sum(map(len, waiting.values()))
        could = [url for url, parcels in waiting.items() if parcels and sum(o.url == url for _, o in out) < width]
        assert lanes.ready == bool(could)
    while out or lanes.ready:
        while lanes.ready:
            take()
        lanes.done(out.pop()[0])
    assert lanes.waiting == 0
    assert not lanes._url_queues, "empty lanes are removed"


def test_addresses_take_turns() -> None:
    """A long line at one address does not go before the first parcel of another."""
    lanes = UrlQueues(width=10)
    for url in ["a"] * 5 + ["b"] * 2:
        lanes.put(parcel(url))
    assert [lanes.take()[1].url for _ in range(7)] == ["a", "b", "a", "b", "a", "a", "a"]


def test_clearing_gives_back_what_waits() -> None:
    """Parcels that are out stay out; those that wait come back, and the lanes go on working."""
    lanes = UrlQueues(width=1)
    for url in ("a", "a", "b"):
        lanes.put(parcel(url))
    lane, taken = lanes.take()
    assert [left.url for left in lanes.clear()] == ["a", "b"]
    assert not lanes.ready
    lanes.put(parcel("a"))
    assert not lanes.ready, "one is still out"
    lanes.done(lane)
    assert lanes.take()[1] is not taken
