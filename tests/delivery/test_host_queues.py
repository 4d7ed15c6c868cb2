"""The queues per host and port: order within a receiver, turns among hosts, limits, no loss."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.delivery.host_queues import HostQueues, PendingCallback, PortQueue
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


URLS = ["http://a/1", "http://A:80/2", "http://a:81/", "https://b/", "http://c/"]
RECEIVERS = dict(zip(URLS, ["a:80", "a:80", "a:81", "b:443", "c:80"], strict=True))
_steps = st.lists(st.one_of(st.sampled_from(URLS), st.sampled_from(["take", "done"])), max_size=80)


@given(steps=_steps, width=st.integers(1, 3), host_width=st.integers(1, 4))
@settings(deadline=None)
def test_random_steps_lose_no_callback_and_keep_widths(steps: list[str], width: int, host_width: int) -> None:
    """Each callback is taken once, the oldest of its receiver first; no more per port and host than the widths."""
    queues = HostQueues(width=width, host_width=host_width)
    waiting: dict[str, list[PendingCallback]] = defaultdict(list)
    in_delivery: list[tuple[PortQueue, str]] = []

    def busy(receiver: str) -> int:
        return sum(other == receiver for _, other in in_delivery)

    def busy_host(receiver: str) -> int:
        return sum(other.partition(":")[0] == receiver.partition(":")[0] for _, other in in_delivery)

    def take() -> None:
        queue, taken = queues.take()
        receiver = RECEIVERS[taken.url]
        assert waiting[receiver].pop(0) is taken
        in_delivery.append((queue, receiver))
        assert busy(receiver) <= width
        assert busy_host(receiver) <= host_width

    for step in steps:
        if step == "take":
            if queues.ready:
                take()
        elif step == "done":
            if in_delivery:
                queues.done(in_delivery.pop(0)[0])
        else:
            waiting[RECEIVERS[step]].append(pending_callback(step))
            queues.put(waiting[RECEIVERS[step]][-1])
        assert queues.waiting == sum(map(len, waiting.values()))
        deliverable = [
            receiver
            for receiver, callbacks in waiting.items()
            if callbacks and busy(receiver) < width and busy_host(receiver) < host_width
        ]
        assert queues.ready == bool(deliverable)
    while in_delivery or queues.ready:
        while queues.ready:
            take()
        queues.done(in_delivery.pop()[0])
    assert queues.waiting == 0
    assert not queues._hosts, "empty queues are removed"


def test_take_alternates_between_hosts() -> None:
    """A long queue at one host does not delay the first callback of another, whatever the paths."""
    queues = HostQueues(width=10, host_width=10)
    for number in range(5):
        queues.put(pending_callback(f"http://a/{number}"))
    for _ in range(2):
        queues.put(pending_callback("http://b/"))
    assert [queues.take()[1].url[7] for _ in range(7)] == ["a", "b", "a", "b", "a", "a", "a"]


def test_clear_returns_waiting_callbacks_only() -> None:
    """Callbacks in delivery are not returned, and the queues can be used afterwards."""
    queues = HostQueues(width=1, host_width=1)
    for host in ("a", "a", "b"):
        queues.put(pending_callback(f"http://{host}/"))
    queue, taken = queues.take()
    assert [left.url for left in queues.clear()] == ["http://a/", "http://b/"]
    assert not queues.ready
    queues.put(pending_callback("http://a/"))
    assert not queues.ready, "one callback is still in delivery"
    queues.done(queue)
    assert queues.take()[1] is not taken
