"""The views of the console with many jobs and callbacks."""

import re

from conftest import Visitor

from ciq_mock.delivery.log import Attempt, DeliveryLog
from ciq_mock.server import MockServer
from ciq_mock.settings import DeliverySettings, MockSettings
from ciq_schemas.features import Feature

MANY = 55
"""More waiting attempts than a page lists."""


def test_attempts_of_several_jobs_are_those_of_each() -> None:
    """One pass over the log finds what a search for each job finds."""
    log = DeliveryLog(size=100)
    for number in range(60):
        log.add(Attempt(job_id=f"j{number % 7}", url="http://a/", number=1, started=number, ended=number))
    found = log.of_each(["j1", "j5", "j9"])
    assert {job_id: tuple(attempts) for job_id, attempts in found.items()} == {
        job_id: log.of(job_id) for job_id in ("j1", "j5", "j9")
    }


def test_page_of_a_job_shows_its_own_next_attempt_among_many() -> None:
    """The list of all callbacks is limited; the page of a job is not affected."""
    delivery = DeliverySettings(retry_after=(3600.0,))
    settings = MockSettings(activated=(Feature.MEDIA,), duration=0.0, workers=MANY, delivery=delivery)
    with MockServer(settings) as server:
        visitor = Visitor(server)
        for number in range(MANY):
            fields = {"source": f"in/{number}.mp4", "level": "0", "callback": "http://127.0.0.1:1/cb"}
            page = visitor.post(f"{visitor.bucket}/jobs", tag="Transcode", **fields)
        last = re.findall(r'id="job-(\w+)"', page)[0]
        server.wait_for_callbacks(lambda attempts: len(attempts) == MANY)
        assert visitor.get("/_ciq/console/callbacks").count("next attempt") == 50
        assert visitor.get(f"{visitor.bucket}/jobs/{last}").count("next attempt") == 1
