"""The queues per callback address: order within an address, turns among addresses, limits, no loss."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.delivery.url_queues import PendingCallback, UrlQueue, UrlQueues
from ciq_mock.engine import Engine, Job, JobSpec
from ciq_mock.ids import RandomIds
from ciq_schemas.features import Feature


def make_job() -> Job:
    """A submitted job."""
    engine = Engine(ids=RandomIds(seed=1))
    engine.activate(0.0, "unit-1250000000", Feature.MEDIA)
    return engine.submit(0.0, "unit-1250000000", Feature.MEDIA, [JobSpec(tag="T")])[0]


JOB = make_job()


def pending_callback(url: str) -> PendingCallback:
    """A pending callback to an address."""
    return PendingCallback(subject=JOB, url=url, body_format=BodyFormat.XML, copy=1)


_steps = st.lists(st.one_of(st.sampled_from(["a", "b", "c"]), st.sampled_from(["take", "done"])), max_size=80)


@given(steps=_steps, width=st.integers(1, 3))
@settings(deadline=None)
def test_random_steps_lose_no_callback_and_keep_width(steps: list[str], width: int) -> None:
    """Each callback is taken once, the oldest of its address first; at most `width` per address are taken at a time."""
    queues = UrlQueues(width=width)
    waiting: dict[str, list[PendingCallback]] = defaultdict(list)
    in_delivery: list[tuple[UrlQueue, PendingCallback]] = []

    def take() -> None:
        queue, taken = queues.take()
        assert waiting[taken.url].pop(0) is taken
        in_delivery.append((queue, taken))
        assert sum(other.url == taken.url for _, other in in_delivery) <= width

    for step in steps:
        if step == "take":
            if queues.ready:
                take()
        elif step == "done":
            if in_delivery:
                queues.done(in_delivery.pop(0)[0])
        else:
            waiting[step].append(pending_callback(step))
            queues.put(waiting[step][-1])
        assert queues.waiting == sum(map(len, waiting.values()))
        deliverable = [
            url for url, callbacks in waiting.items() if callbacks and sum(o.url == url for _, o in in_delivery) < width
        ]
        assert queues.ready == bool(deliverable)
    while in_delivery or queues.ready:
        while queues.ready:
            take()
        queues.done(in_delivery.pop()[0])
    assert queues.waiting == 0
    assert not queues._url_queues, "empty queues are removed"


def test_take_alternates_between_addresses() -> None:
    """A long queue at one address does not delay the first callback of another."""
    queues = UrlQueues(width=10)
    for url in ["a"] * 5 + ["b"] * 2:
        queues.put(pending_callback(url))
    assert [queues.take()[1].url for _ in range(7)] == ["a", "b", "a", "b", "a", "a", "a"]


def test_clear_returns_waiting_callbacks_only() -> None:
    """Callbacks in delivery are not returned, and the queues can be used afterwards."""
    queues = UrlQueues(width=1)
    for url in ("a", "a", "b"):
        queues.put(pending_callback(url))
    queue, taken = queues.take()
    assert [left.url for left in queues.clear()] == ["a", "b"]
    assert not queues.ready
    queues.put(pending_callback("a"))
    assert not queues.ready, "one callback is still in delivery"
    queues.done(queue)
    assert queues.take()[1] is not taken
