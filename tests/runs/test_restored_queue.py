"""A run leaves a queue exactly as it found it, however the target reads updates and whatever signal ends the run."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from command import as_from_a_terminal, ciq, environment, records_of
from miniature.server import Miniature
from miniature.traits import Traits

from ciq_conformance.driver.queue_snapshot import QueuePart, QueueSnapshot
from ciq_mock.server import MockServer
from ciq_mock.settings import MockSettings
from ciq_schemas.features import Feature
from ciq_schemas.transcript.records import DriverEvent, Footer

HOST = "examplebucket-1250000000.ci.ap-chongqing.myqcloud.com"
ON = "<Url>http://127.0.0.1:9/mine</Url><State>On</State><Type>Url</Type><Event>TaskFinish</Event>"
RULES = {
    "never configured": "",
    "off": "<State>Off</State>",
    "on without format": ON,
    "on with message queue": f"{ON}<MqMode>Queue</MqMode><MqRegion>sh</MqRegion><MqName>left &amp; right</MqName>",
    "off with address and format": ON.replace("On", "Off", 1) + "<ResultFormat>JSON</ResultFormat>",
}


def listed(url: str) -> bytes:
    """The media queue as the target lists it, without its request id and UpdateTime."""
    body = requests.get(f"{url}/queue", headers={"Host": HOST}, timeout=10).content
    return re.sub(rb"<(UpdateTime|RequestId)>.*?</\1>", b"", body)


def configure(target: Miniature, rule: str) -> bytes:
    """Configures the queue as an operator may have before the run; returns the list after that."""
    if rule:
        queue_id = target.service.queues["media"][0].id
        body = f"<Request><Name>mine</Name><State>Paused</State><NotifyConfig>{rule}</NotifyConfig></Request>"
        answer = requests.put(f"{target.url}/queue/{queue_id}", data=body, headers={"Host": HOST}, timeout=10)
        assert answer.status_code == 200, answer.text
    return listed(target.url)


def rule_of(target: Miniature) -> dict[str, str]:
    """The current rule of the media queue."""
    return dict(target.service.queues["media"][0].rule)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("merged", [False, True], ids=["replaced", "merged"])
def test_run_stopped_with_json_rule_restores_queue_byte_by_byte(
    tmp_path: Path, number: signal.Signals, merged: bool
) -> None:
    """The signal comes while the queue has the suite's JSON rule; ResultFormat does not stay behind."""
    command = [sys.executable, "-m", "ciq_conformance", "run", "--feature", "media", "-k", "RUL-*", "--target"]
    with Miniature(Traits(rule_merged=merged)) as target:
        before = configure(target, RULES["on with message queue"])
        process = subprocess.Popen(
            [*command, target.url],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=as_from_a_terminal,
        )
        try:
            deadline = time.monotonic() + 60
            while rule_of(target).get("ResultFormat") != "JSON" and process.poll() is None:
                assert time.monotonic() < deadline, "the suite never set a JSON rule"
                time.sleep(0.002)  # looks again until the condition holds
            process.send_signal(number)
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
        assert f"stopped by {number.name}" in out.decode()
        assert listed(target.url) == before
    footer = records_of(tmp_path / "ciq-report")[-1]
    assert isinstance(footer, Footer)
    assert footer.restored


@pytest.mark.parametrize("merged", [False, True], ids=["replaced", "merged"])
@pytest.mark.parametrize("rule", RULES)
def test_finished_run_restores_queue_byte_by_byte(tmp_path: Path, rule: str, merged: bool) -> None:
    """This holds for every rule that an operator may have set."""
    with Miniature(Traits(rule_merged=merged)) as target:
        before = configure(target, RULES[rule])
        done = ciq("run", "--target", target.url, "--feature", "media", "-k", "RUL-003", "-k", "SHP-001", cwd=tmp_path)
        assert listed(target.url) == before, done.text
    assert "not restored" not in done.text


def test_rule_that_target_cannot_clear_is_noted_and_restored(tmp_path: Path) -> None:
    """A target that ignores empty parts keeps the address of a rule that is Off: no failure, but a note."""
    settings = MockSettings(duration=0.02, activated=(Feature.MEDIA,), dialects=("rule-merged",))
    with MockServer(settings) as mock:
        done = ciq("run", "--target", mock.url, "--feature", "media", "-k", "SHP-001", cwd=tmp_path)
    assert done.code == 0, done.text
    notes = [one.text for one in records_of(tmp_path / "ciq-report") if isinstance(one, DriverEvent)]
    assert any("keeps Url" in note for note in notes), notes


LISTED = b"""<Response xmlns="urn:any"><QueueList><QueueId> p1 </QueueId><Name>n</Name><State>Paused</State>
<NotifyConfig><Url>http://a/?x=1&amp;y=2</Url><State>On</State><KafkaConfig><Region>r</Region><Topic>t</Topic>
</KafkaConfig><Own>kept</Own></NotifyConfig><UpdateTime>now</UpdateTime></QueueList></Response>"""


def test_snapshot_keeps_nested_and_unknown_parts() -> None:
    """The update contains every part of the rule; parts that an update cannot change are left out."""
    snapshot = QueueSnapshot.of(LISTED, "p1")
    assert snapshot is not None
    assert snapshot.body("p2").decode() == (
        '<?xml version="1.0" encoding="utf-8"?><Request><Name>n</Name><QueueID>p2</QueueID><State>Paused</State>'
        "<NotifyConfig><Url>http://a/?x=1&amp;y=2</Url><State>On</State>"
        "<KafkaConfig><Region>r</Region><Topic>t</Topic></KafkaConfig><Own>kept</Own></NotifyConfig></Request>"
    )
    assert QueueSnapshot.of(LISTED, "p2") is None
    assert QueueSnapshot.of(b"<not xml", "p1") is None


def test_differences_of_active_rule_are_effective() -> None:
    """Of a rule that is Off, added parts are kept parts; the documented default is no difference."""
    base = (QueuePart("Name", "n"), QueuePart("State", "Active"))
    off = QueueSnapshot((*base, QueuePart("NotifyConfig/State", "Off")))
    on = QueueSnapshot((*base, QueuePart("NotifyConfig/State", "On"), QueuePart("NotifyConfig/Url", "http://a")))
    left = QueueSnapshot((*off.parts, QueuePart("NotifyConfig/Url", "http://b")))
    assert off.differences(QueueSnapshot((*off.parts, QueuePart("NotifyConfig/ResultFormat", "XML")))).effective == ()
    assert off.differences(left).effective == ()
    assert [part.name for part in off.differences(left).kept_parts] == ["Url"]
    json = QueueSnapshot((*on.parts, QueuePart("NotifyConfig/ResultFormat", "JSON")))
    assert on.differences(json).effective == ("rule ResultFormat is 'JSON', was 'XML'",)
    assert on.added(json) == (QueuePart("NotifyConfig/ResultFormat", ""),)
    assert on.differences(off).effective == ("rule State is 'Off', was 'On'", "rule Url is '', was 'http://a'")
