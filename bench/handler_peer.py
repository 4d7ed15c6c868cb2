"""A peer: pytest-httpserver with one handler that parses and responds, like a typical test fixture."""

from __future__ import annotations

import threading

from lxml import etree
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response


def submit(request: Request) -> Response:
    """Parse and respond."""
    root = etree.fromstring(request.data)
    tag = root.findtext("Tag")
    body = f"<Response><JobsDetail><JobId>j1</JobId><Tag>{tag}</Tag><State>Submitted</State></JobsDetail></Response>"
    return Response(body, content_type="application/xml")


if __name__ == "__main__":
    server = HTTPServer(host="127.0.0.1", port=0)
    server.start()
    server.expect_request("/jobs", method="POST").respond_with_handler(submit)
    print(f"ready on {server.url_for('')}", flush=True)
    threading.Event().wait()
