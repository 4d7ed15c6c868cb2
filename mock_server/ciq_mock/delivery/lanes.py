"""Who is sent to next: a lane for each address, served in turn, so that a hanging receiver delays only itself.

Pure bookkeeping. Must not know HTTP, time or tasks.
"""

from collections import deque

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.engine import Job
from ciq_mock.workflow import Run

Subject = Job | Run
"""What a callback tells of."""


class Parcel:
    """One callback on its way to one address. Holds what it tells of, not the body: 10,000 of them stay small."""

    __slots__ = ("attempts", "copy", "format", "subject", "url")

    def __init__(self, *, subject: Subject, url: str, body_format: BodyFormat, copy: int) -> None:
        self.subject = subject
        self.url = url
        self.format = body_format
        self.copy = copy
        self.attempts = 0
        """Attempts begun."""


class Lane:
    """Parcels waiting for one address, oldest first."""

    __slots__ = ("busy", "listed", "parcels", "url")

    def __init__(self, url: str) -> None:
        self.url = url
        self.parcels: deque[Parcel] = deque()
        self.busy = 0
        self.listed = False


class Lanes:
    """All lanes; at most `width` parcels of one lane are out at the same time."""

    def __init__(self, *, width: int) -> None:
        self._width = width
        self._lanes: dict[str, Lane] = {}
        self._ready: deque[Lane] = deque()
        self.waiting = 0
        """Parcels in all lanes, those that are out not counted."""

    @property
    def ready(self) -> bool:
        """True when `take` has something to give."""
        return bool(self._ready)

    def put(self, parcel: Parcel) -> None:
        """Add a parcel at the end of its lane."""
        lane = self._lanes.get(parcel.url)
        if lane is None:
            lane = self._lanes[parcel.url] = Lane(parcel.url)
        lane.parcels.append(parcel)
        self.waiting += 1
        self._list(lane)

    def take(self) -> tuple[Lane, Parcel]:
        """Take the next parcel, lanes in turn; give the lane back with `done`. IndexError when none is ready."""
        lane = self._ready.popleft()
        lane.listed = False
        parcel = lane.parcels.popleft()
        lane.busy += 1
        self.waiting -= 1
        self._list(lane)
        return lane, parcel

    def done(self, lane: Lane) -> None:
        """A parcel taken from `lane` is no longer out."""
        lane.busy -= 1
        self._list(lane)
        if not lane.busy and not lane.parcels and self._lanes.get(lane.url) is lane:
            del self._lanes[lane.url]

    def clear(self) -> list[Parcel]:
        """Take out all parcels that wait."""
        parcels = [parcel for lane in self._lanes.values() for parcel in lane.parcels]
        for lane in self._lanes.values():
            lane.parcels.clear()
            lane.listed = False
        self._ready.clear()
        self._lanes = {url: lane for url, lane in self._lanes.items() if lane.busy}
        self.waiting = 0
        return parcels

    def _list(self, lane: Lane) -> None:
        if lane.parcels and lane.busy < self._width and not lane.listed:
            lane.listed = True
            self._ready.append(lane)
