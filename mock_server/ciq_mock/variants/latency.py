"""Delays each request at random, as a service on several machines does, so that requests overlap.

Counts the requests in progress. Must not know their content.
"""

import asyncio
from collections import Counter
from random import Random
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from ciq_mock.http.app import ServiceApp

LONGEST = 0.04
"""Longest delay in seconds before a request is handled, and again before its response is sent."""
_SEED = 20261121


class RandomLatencyApp(ServiceApp):
    """Waits a random time before and after it handles a request; a single client observes only slow responses."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._chance = Random(_SEED)  # noqa: S311 - no secret
        self.in_progress: Counter[str] = Counter()
        """Requests in progress, by method and first part of the path: `POST /jobs`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""

        async def send_late(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(self._chance.uniform(0.0, LONGEST))
            await send(message)

        place = f"{scope['method']} {first_part(scope)}"
        self.in_progress[place] += 1
        try:
            await asyncio.sleep(self._chance.uniform(0.0, LONGEST))
            await super().__call__(scope, receive, send_late)
        finally:
            self.in_progress[place] -= 1


def first_part(scope: Scope) -> str:
    """Returns the first part of the path: `/jobs` of `/jobs/j1?cancel`."""
    path: str = scope["raw_path"].decode("ascii", "replace")
    return "/" + path.lstrip("/").partition("?")[0].partition("/")[0]
