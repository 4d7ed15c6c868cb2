"""The bound: the obvious implementation, a bare uvicorn app that parses, validates, queues and responds with lxml.

Run as `python -m bench.bound`; it prints its address when it is ready.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
import uuid
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

import uvicorn
from lxml import etree

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def schema() -> etree.XMLSchema:
    """The kit's schema of a submit request, used with plain lxml."""
    path = files("ciq_schemas") / "xsd" / "job_submit_request.xsd"
    return etree.XMLSchema(etree.parse(str(path)))


class Bound:
    """One queue as a heap, without callbacks, lists or workers."""

    def __init__(self) -> None:
        self.schema = schema()
        self.heap: list[tuple[int, int, bytes]] = []
        self.counter = itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a submit, or to anything else with 200."""
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        answer = self.submit(body) if scope["method"] == "POST" else b"<Response/>"
        headers = [(b"content-type", b"application/xml"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def submit(self, body: bytes) -> bytes:
        """Parse, validate, queue, respond."""
        root = etree.fromstring(body, PARSER)
        self.schema.assertValid(root)
        level = int(root.findtext("Operation/JobLevel") or 0)
        heapq.heappush(self.heap, (-level, next(self.counter), body))
        answer = etree.Element("Response")
        detail = etree.SubElement(answer, "JobsDetail")
        now = time.strftime("%Y-%m-%dT%H:%M:%S+0800")
        for name, text in (
            ("Code", "Success"),
            ("Message", ""),
            ("JobId", "j" + uuid.uuid4().hex),
            ("Tag", root.findtext("Tag")),
            ("State", "Submitted"),
            ("CreationTime", now),
            ("StartTime", "-"),
            ("EndTime", "-"),
            ("QueueId", "p" + "0" * 32),
        ):
            etree.SubElement(detail, name).text = text
        detail.append(root.find("Input"))
        detail.append(root.find("Operation"))
        return etree.tostring(answer, xml_declaration=True, encoding="utf-8")


async def _main() -> None:
    config = uvicorn.Config(Bound(), port=0, log_level="critical", access_log=False, http="httptools", loop="uvloop")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0)
    port = server.servers[0].sockets[0].getsockname()[1]
    print(f"ready on http://127.0.0.1:{port}", flush=True)
    await task


if __name__ == "__main__":
    import uvloop

    uvloop.run(_main())
