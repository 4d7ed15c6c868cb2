"""A mock with its console, and requests of a browser without script."""

import shutil
from collections.abc import Iterator

import pytest
import requests

from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.features import SEED_FEATURES

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
collect_ignore = [] if CHROMIUM else ["test_browser.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say that the browser tests were left out."""
    if not CHROMIUM:
        terminalreporter.write_line("left out: tests/console/test_browser.py, because no chromium is installed")


class Visitor:
    """Requests the pages of one mock as a browser without script does."""

    def __init__(self, server: MockServer, language: str = "en") -> None:
        self.server = server
        self.session = requests.Session()
        self.session.headers["Accept"] = "text/html"
        self.session.headers["Accept-Language"] = language
        self.bucket = f"/_ciq/console/{server.bucket}"

    def get(self, path: str, status: int = 200) -> str:
        """Return a page; checks its status."""
        answer = self.session.get(self.server.url + path, timeout=20)
        assert answer.status_code == status, answer.text
        return answer.text

    def post(self, path: str, status: int = 200, **fields: str | list[str]) -> str:
        """Send a form and follow the redirect; return the page."""
        origin = {"Origin": self.server.url}
        answer = self.session.post(self.server.url + path, data=fields, headers=origin, timeout=20)
        assert answer.status_code == status, answer.text
        return answer.text

    def queue(self, name: str = "queue-1") -> str:
        """Return the path of a queue by its name."""
        (found,) = (queue.queue_id for queue in self.server.queues if queue.name == name)
        return f"{self.bucket}/queues/{found}"


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    """A visitor of a mock with the seed pages' features, one worker and slow jobs."""
    with MockServer(MockSettings(activated=SEED_FEATURES, workers=1, duration=60.0)) as server:
        yield Visitor(server)
