"""The console in Chromium: the Directions of the two seed pages step by step, live updates, keyboard, accessibility.

Left out, with a line at the end of the run, where no Chromium is installed.
"""

import re
from collections.abc import Callable, Iterator

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from conftest import CHROMIUM, Visitor
from playwright.sync_api import Browser, Page, expect, sync_playwright

from ciq_schemas.lifecycle import QueueState

Open = Callable[..., Page]
WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of the system."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser, visitor: Visitor) -> Iterator[Open]:
    """Opens pages of the mock; checks that no page requests another host or breaks the content security policy."""
    contexts, problems = [], []

    def open_one(path: str = "/_ciq/", *, width: int = 1280, dark: bool = False, script: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 860},
            color_scheme="dark" if dark else "light",
            locale="en-US",
            java_script_enabled=script,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith((visitor.server.url, "data:")) else
                problems.append(request.url))  # fmt: skip
        page.goto(visitor.server.url + path)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not [problem for problem in problems if "status of 422" not in problem]


def state_of(visitor: Visitor, name: str = "queue-1") -> QueueState:
    """State of a queue, as the API has it."""
    (found,) = (queue.state for queue in visitor.server.queues if queue.name == name)
    return found


def row_of(page: Page, name: str) -> object:
    """The row of a queue in the table."""
    return page.get_by_role("row").filter(has_text=name)


def test_directions_of_1045_43607_enabling_or_pausing_a_queue(open_page: Open, visitor: Visitor) -> None:
    """Every step of “Enabling or Pausing a Queue”."""
    page = open_page("/_ciq/console/mock")
    # 1. Log in to the CI console and click Bucket Management.
    page.get_by_role("link", name="Bucket management", exact=True).click()
    # 2. Click the name of the desired bucket.
    page.get_by_role("link", name=visitor.server.bucket).click()
    # 3. Click Task and Workflow, and select the Queues and Callbacks tab.
    page.get_by_role("navigation", name="Task and Workflow").get_by_role("link", name="Queues and callbacks").click()
    # 4. In the Media Processing Queue column, enable or pause the queue.
    row = page.get_by_role("row").filter(has_text="Media processing")
    row.get_by_role("button", name="Pause").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Pause queue queue-1?")
    assert state_of(visitor) is QueueState.ACTIVE
    dialog.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("paused since")
    assert state_of(visitor) is QueueState.PAUSED
    # Note: you cannot use the job and workflow features on the console.
    page.get_by_role("link", name="Jobs", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("you cannot use the jobs and workflows")
    page.get_by_role("link", name="Queues and callbacks").click()
    row.get_by_role("button", name="Enable").click()
    dialog.get_by_role("button", name="Enable").click()
    expect(row).to_contain_text("Active")
    assert state_of(visitor) is QueueState.ACTIVE


@pytest.mark.parametrize("name", ["queue-speech-1", "queue-doc-process-1"])
def test_directions_of_436_46412_enabling_or_pausing_queue(open_page: Open, visitor: Visitor, name: str) -> None:
    """Every step of “Enabling or pausing queue”; each queue has its Operation column."""
    page = open_page("/_ciq/")
    # 2. Select Bucket List. 3. Click the name of the bucket.
    page.get_by_role("link", name=visitor.server.bucket).click()
    # 4. Click Queues and Callbacks to enter the queue configuration page to enable or pause a queue.
    page.get_by_role("link", name="Queues and callbacks").click()
    row = page.get_by_role("row").filter(has_text=name)
    expect(page.get_by_role("columnheader", name="Operation")).to_be_visible()
    row.get_by_role("button", name="Pause").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("Paused")
    assert state_of(visitor, name) is QueueState.PAUSED
    assert state_of(visitor) is QueueState.ACTIVE


def test_directions_of_1045_43607_setting_a_callback_rule(open_page: Open, visitor: Visitor) -> None:
    """Every step of “Setting a Callback Rule”: a URL."""
    page = open_page("/_ciq/")
    page.get_by_role("link", name=visitor.server.bucket).click()
    page.get_by_role("link", name="Queues and callbacks").click()
    row = page.get_by_role("row").filter(has_text="Media processing")
    # 4. Configure the callback rule. 5. In the pop-up window, click the current status to enable or disable callback.
    row.get_by_role("button", name="Configure callback rule").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("On", exact=True).check()
    # When enabling callback, you need to specify a URL: without one, the pop-up says so beside the field.
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator("#problem-url")).to_contain_text("Url is required")
    dialog.get_by_role("textbox", name="Callback URL").fill("ftp://receiver.example/")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator("#problem-url")).to_be_visible()
    dialog.get_by_role("textbox", name="Callback URL").fill("http://127.0.0.1:9/callback")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("http://127.0.0.1:9/callback")
    answer = requests.get(f"{visitor.server.url}/queue", timeout=10).text
    assert "<State>On</State>" in answer
    row.get_by_role("button", name="Configure callback rule").click()
    dialog.get_by_label("Off", exact=True).check()
    dialog.get_by_role("button", name="Save").click()
    expect(row.get_by_role("cell", name="Off")).to_be_visible()


def test_directions_of_436_46412_setting_callback_rule(open_page: Open, visitor: Visitor) -> None:
    """Every step of “Setting callback rule”: a TDMQ-CMQ message queue (1045/43607)."""
    page = open_page(f"{visitor.bucket}/queues")
    # 5. Click Configure Callback Rule in the Operation column of the target queue.
    row = page.get_by_role("row").filter(has_text="queue-speech-1")
    row.get_by_role("button", name="Configure callback rule").click()
    # 6. In the pop-up window, set the status to enable or disable callback.
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("On", exact=True).check()
    dialog.get_by_label("Callback type").select_option("TDMQ")
    dialog.get_by_label("Region of the message queue").select_option("bj")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator("#problem-mq_name")).to_contain_text("MqName is required")
    dialog.get_by_label("Name of the message queue or topic").fill("finished")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("TDMQ bj finished")


def test_pages_work_without_script(open_page: Open, visitor: Visitor) -> None:
    """Links lead to the forms as pages."""
    page = open_page(f"{visitor.bucket}/queues", script=False)
    page.locator(f"a[href='{visitor.queue()}/pause']").click()
    page.get_by_role("button", name="Pause", exact=True).first.click()
    expect(page.get_by_role("row").filter(has_text="Media processing")).to_contain_text("paused since")
    page.locator(f"a[href='{visitor.queue()}/rule']").click()
    page.get_by_label("On", exact=True).check()
    page.get_by_role("button", name="Save").first.click()
    expect(page.locator("#problem-url")).to_be_visible()


def test_page_follows_changes_until_it_is_stopped(open_page: Open, visitor: Visitor) -> None:
    """A job of the API appears without a reload; not while the updates are stopped."""
    page = open_page(f"{visitor.bucket}/jobs")
    expect(page.get_by_text("No job matches.")).to_be_visible()
    visitor.post(f"{visitor.bucket}/jobs", tag="Transcode", source="input/first.mp4", level="0")
    expect(page.get_by_text("input/first.mp4")).to_be_visible()
    page.get_by_role("button", name="Stop live updates").click()
    visitor.post(f"{visitor.bucket}/jobs", tag="Transcode", source="input/second.mp4", level="0")
    page.wait_for_timeout(2500)
    expect(page.get_by_text("input/second.mp4")).to_have_count(0)
    page.get_by_role("button", name="Start live updates").click()
    expect(page.get_by_text("input/second.mp4")).to_be_visible()


def test_hidden_page_closes_its_stream_and_catches_up(open_page: Open, visitor: Visitor) -> None:
    """A hidden tab gets no events; when it is shown again it continues after the last one."""
    page = open_page(f"{visitor.bucket}/jobs")
    hide = "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true}); \
            document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(hide, True)
    visitor.post(f"{visitor.bucket}/jobs", tag="Transcode", source="input/first.mp4", level="0")
    page.wait_for_timeout(2500)
    expect(page.get_by_text("input/first.mp4")).to_have_count(0)
    page.evaluate(hide, False)
    expect(page.get_by_text("input/first.mp4")).to_be_visible()


def test_dialog_opens_and_closes_by_keyboard(open_page: Open, visitor: Visitor) -> None:
    """Enter opens, Escape closes, and the focus returns to the button."""
    page = open_page(f"{visitor.bucket}/queues")
    button = page.get_by_role("row").filter(has_text="Media processing").get_by_role("button", name="Pause")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()
    assert state_of(visitor) is QueueState.ACTIVE


def paths_of(visitor: Visitor) -> list[str]:
    """A mock with jobs and a refused request; every page of it."""
    visitor.post(f"{visitor.bucket}/jobs", tag="Transcode", source="input/first.mp4", level="0",
                 callback="http://127.0.0.1:1/cb")  # fmt: skip
    page = visitor.post(f"{visitor.bucket}/jobs", tag="Transcode", source="input/a-long-name/of/a/file.mp4", level="2")
    requests.get(f"{visitor.server.url}/queue?pageSize=0", timeout=10)
    visitor.post(f"{visitor.queue('queue-speech-1')}/pause")
    job_id = re.findall(r'id="job-(\w+)"', page)[0]
    tabs = [f"{visitor.bucket}/{tab}" for tab in ("jobs", f"jobs/{job_id}", "workflows", "queues", "timeline")]
    forms = [visitor.queue(), f"{visitor.queue()}/rule", f"{visitor.queue()}/pause"]
    others = [f"/_ciq/console/{name}" for name in ("callbacks", "requests", "objects", "mock")]
    return ["/_ciq/", *tabs, *forms, *others]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_pages_have_no_serious_accessibility_finding(open_page: Open, visitor: Visitor, dark: bool) -> None:
    """The rules of axe-core, on every page, at desktop and phone width; no page scrolls sideways."""
    paths = paths_of(visitor)
    found = []
    page = open_page("/_ciq/", width=WIDTHS[0], dark=dark)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 860})
        for path in paths:
            page.goto(visitor.server.url + path)
            results = Axe().run(page)
            violations = results.response["violations"]
            found += [
                (path, width, one["id"], one["nodes"][0]["html"])
                for one in violations
                if one["impact"] in ("serious", "critical")
            ]
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                found.append((path, width, "scrolls sideways", ""))
    assert not found


def test_page_is_shown_in_chinese(browser: Browser, visitor: Visitor) -> None:
    """By the browser's language; the link switches."""
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(f"{visitor.server.url}{visitor.bucket}/queues")
    expect(page.get_by_role("columnheader", name="队列名称")).to_be_visible()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("columnheader", name="Queue name")).to_be_visible()
    context.close()
