"""Makes the pictures of docs/console.md: a mock with sample jobs, its console in Chromium at desktop and phone width.

Run it with `python -m tools.console_pictures docs/console`. It needs the Chromium of the system.
"""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from ciq_mock.clock import ClockKind
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.features import SEED_FEATURES
from ciq_schemas.transcript.records import ExitCode

SIZES = {"desktop": {"width": 1200, "height": 760}, "phone": {"width": 390, "height": 760}}
PAGES = ("queues", "rule", "jobs", "job", "line", "timeline")


def main(arguments: Sequence[str]) -> int:
    """Write the pictures into a folder; returns the exit code."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if len(arguments) != 1 or chromium is None:
        sys.stderr.write("usage: python -m tools.console_pictures FOLDER; needs chromium (apt-get install chromium)\n")
        return ExitCode.USAGE
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    settings = MockSettings(
        activated=SEED_FEATURES, workers=2, duration=2.0, clock=ClockKind.MANUAL, start_time=1_800_000_000.0
    )
    with MockServer(settings) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for size, viewport in SIZES.items():
            server.reset()
            page = browser.new_page(viewport={"width": viewport["width"], "height": viewport["height"]})
            for name in PAGES:
                _show(page, server, name)
                page.screenshot(path=folder / f"{name}-{size}.png")
            page.close()
        browser.close()
    return ExitCode.CONFORMS


def _show(page: Page, server: MockServer, name: str) -> None:
    """Bring the page to what the picture shows, through the console itself."""
    bucket = f"{server.url}/_ciq/console/{server.bucket}"
    if name == "queues":
        for number in range(8):
            page.goto(f"{bucket}/jobs")
            page.locator("summary").first.click()
            page.locator("input[name=source]").fill(f"input/clip-{number}.mp4")
            page.locator("form[method=post] select[name=level]").select_option(str(number % 3))
            page.locator("form[method=post] button").first.click()
            server.advance(0.4)
            if number == 4:
                _pause(page, bucket)
                server.advance(1.5)
                page.goto(f"{bucket}/queues")
                _operate(page, "Enable")
        server.advance(1.0)
        _pause(page, bucket)
        page.goto(f"{bucket}/queues")
    elif name == "rule":
        page.goto(f"{bucket}/queues")
        page.get_by_role("button", name="Configure callback rule").first.click()
        page.get_by_role("dialog").get_by_label("On", exact=True).check()
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        page.locator("#problem-url").wait_for()
    elif name == "job":
        page.goto(f"{bucket}/jobs?state=Pause")
        page.locator("a[id^=job-]").last.click()
    elif name == "line":
        page.goto(f"{bucket}/queues")
        page.get_by_role("link", name="queue-1").click()
    else:
        page.goto(f"{bucket}/{name}")
    page.wait_for_load_state()


def _pause(page: Page, bucket: str) -> None:
    page.goto(f"{bucket}/queues")
    _operate(page, "Pause")


def _operate(page: Page, name: str) -> None:
    page.get_by_role("row").filter(has_text="queue-1").get_by_role("button", name=name).click()
    page.get_by_role("dialog").get_by_role("button", name=name).click()
    page.wait_for_url("**/queues")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
