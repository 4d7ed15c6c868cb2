"""The HTML page: complete, offline, safe against the target's data, limited in size, clear about a cut-off run."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
import small_run as run
from lxml import html as lxml_html

from ciq_reports import html
from ciq_reports.transcript import RunView
from ciq_schemas.transcript.records import AnyRecord, Body, Outcome, RunFileError, Verdict

LOADING = ("src", "srcset", "data", "poster", "background", "action", "formaction", "ping", "xlink:href")


def page(records: tuple[AnyRecord, ...] | list[AnyRecord] = run.RUN) -> lxml_html.HtmlElement:
    """The page of a run, parsed."""
    return lxml_html.document_fromstring(html.render(RunView.of(records)))


def test_table_contains_every_verdict() -> None:
    """Each verdict has its mark in the row of its requirement."""
    table = page()
    for verdict in run.VERDICTS:
        (row,) = table.xpath(f"//tr[@id='r-{verdict.requirement}']")
        assert f"{verdict.feature}:{verdict.outcome}" in row.get("data-pairs").split()
        assert verdict.title in row.text_content()
    chips = table.xpath("//table[@class='requirements']//td[contains(@class,'chips')]/span")
    assert len(chips) == len(run.VERDICTS)


def test_finding_shows_evidence_and_timeline() -> None:
    """A failure shows expected, observed, clause, its records with bodies and curl line, and its timeline."""
    (finding,) = page().xpath("//*[@id='f-PRI-001-fail']")
    text = finding.text_content()
    verdict = run.VERDICTS[0]
    for part in (verdict.expected, verdict.seen, verdict.reason, verdict.power, "ciq explain PRI-001"):
        assert part in text
    assert {"x10", "x6", "x5"} <= {e.get("id") for e in finding.iter() if e.get("id")}
    assert f"GET {run.URL}/jobs/" in text
    assert "  <JobsDetail>" in text
    assert "curl -sS -i -X POST" in text
    assert finding.xpath(".//*[local-name()='svg']")
    assert finding.xpath(".//p[@class='clause']/a[contains(@href,'1045/43607')]")


def test_curl_line_contains_no_signature() -> None:
    """The page states that the request was signed."""
    page_text = html.render(RunView.of(run.RUN))
    for line in page().xpath("//pre[contains(@class,'curl')]/text()"):
        assert "uthorization" not in line
    assert "the request was signed" in page_text


@pytest.mark.parametrize("records", [run.RUN, run.CUT_OFF, run.CONFORMING], ids=["run", "cut-off", "conforming"])
def test_page_loads_no_external_resource(records: tuple[AnyRecord, ...]) -> None:
    """No element or style refers to anything outside the file; links need a click."""
    tree = page(records)
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        assert element.tag not in ("link", "img", "iframe", "object", "embed", "base", "form[action]", "image", "use")
        assert not set(LOADING) & set(element.attrib), f"{element.tag} loads something"
        href = element.get("href", "")
        assert element.tag == "a" or not href
        assert href.startswith(("#", "https://www.tencentcloud.com/", "https://cloud.tencent.com/")) or not href
    (style,) = tree.xpath("//style/text()")
    assert "@import" not in style
    assert "url(" not in style


def test_injected_script_is_shown_as_text() -> None:
    """The page has one script (its own, by its hash), no handler attributes and no elements of the target."""
    tree = page()
    (script,) = tree.xpath("//script")
    digest = "sha256-" + b64encode(sha256(script.text.encode()).digest()).decode()
    (policy,) = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert f"script-src '{digest}'" in policy
    assert "default-src 'none'" in policy
    assert not tree.xpath("//img")
    assert not [name for e in tree.iter() for name in e.attrib if name.lower().startswith("on")]
    assert run.INJECTION in tree.xpath("//*[@id='f-ERR-001-fail']")[0].text_content()


def test_injection_in_every_text_field_is_escaped() -> None:
    """Ids, titles, names and headers of a hostile run file are text as well."""
    bad = run.INJECTION + "'\"><b onclick=x>"
    verdict = Verdict(
        requirement=bad,
        level=run.VERDICTS[0].level,
        outcome=Outcome.FAIL,
        feature=bad,
        format=bad,
        scenario=bad,
        title=bad,
        clause=bad,
        expected=bad,
        seen=bad,
        reason=bad,
        power=bad,
        witness=(5, 12),
    )
    target = msgspec.structs.replace(run.HEADER.target, url=bad, bucket=bad, region=bad)
    header = msgspec.structs.replace(run.HEADER, target=target, kit_version=bad, run_id=bad, features=(bad, "media"))
    changed = [msgspec.structs.replace(r, step=bad) if getattr(r, "step", "") else r for r in run.TRANSCRIPT]
    tree = page([header, *changed, verdict, run.FOOTER])
    assert len(tree.xpath("//script")) == 1
    assert not tree.xpath("//img")
    assert not [name for e in tree.iter() for name in e.attrib if name.lower().startswith("on")]


def test_cut_off_run_has_an_alert() -> None:
    """Without a footer the page claims no exit code and no conformance."""
    tree = page(run.CUT_OFF)
    (alert,) = tree.xpath("//*[@role='alert']")
    assert "cut off" in alert.text_content()
    assert "cut off" in tree.xpath("//title")[0].text_content()
    assert "No exit code" in tree.text_content()


def test_target_not_restored_has_an_alert() -> None:
    """It is separate from the other alerts."""
    footer = msgspec.structs.replace(run.FOOTER, restored=False)
    (alert,) = page([*run.RUN[:-1], footer]).xpath("//*[@role='alert']")
    assert "not restored" in alert.text_content()


def test_huge_body_is_cut_with_its_size() -> None:
    """The body has 8 MB."""
    huge = Body.of(b"<Response><Message>" + b"x" * 8_000_000 + b"</Message></Response>")
    records = [msgspec.structs.replace(r, response_body=huge) if getattr(r, "seq", 0) == 10 else r for r in run.RUN]
    text = html.render(RunView.of(records))
    assert len(text) < 400_000
    assert "7.6 MiB, first 6000 of" in text


def test_records_beyond_limit_are_left_out_and_counted() -> None:
    """The page embeds a limited number of evidence records."""
    base = run.TRANSCRIPT[8]
    exchanges = [msgspec.structs.replace(base, seq=1000 + n) for n in range(900)]
    witnesses = [tuple(range(1000 + 10 * n, 1010 + 10 * n)) for n in range(90)]
    verdicts = [
        msgspec.structs.replace(run.VERDICTS[0], requirement=f"XXX-{n:03d}", scenario="*", witness=witnesses[n % 90])
        for n in range(900)
    ]
    text = html.render(RunView.of([run.HEADER, *exchanges, *verdicts, run.FOOTER]))
    assert len(text) < 6_000_000
    assert "omitted to keep this page small; run.ndjson contains every exchange" in text
    assert text.count('<details class="record"') <= 300
    assert text.count('<tr id="r-XXX-') == 900


def test_shared_record_is_embedded_once() -> None:
    """Later findings link to it."""
    text = html.render(RunView.of(run.RUN))
    assert text.count('id="x19"') == 1
    assert text.count('href="#x19"') == 1


def test_links_inside_page_have_targets() -> None:
    """No id occurs twice."""
    tree = page()
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    for href in tree.xpath("//a/@href"):
        if href.startswith("#"):
            assert href[1:] in ids, href


def test_content_is_visible_without_script() -> None:
    """Only controls are hidden, by a class that the script sets."""
    text = html.render(RunView.of(run.RUN))
    hidden = re.findall(r"<(\w+)[^>]*class=\"[^\"]*js-only", text)
    assert set(hidden) <= {"form", "span"}


def test_records_without_header_are_refused(tmp_path: Path) -> None:
    """The error has a reason; no empty success is shown."""
    with pytest.raises(RunFileError, match="no header"):
        html.write([run.FOOTER], tmp_path / "report.html")


def test_write_creates_utf8_file(tmp_path: Path) -> None:
    """`write` stores the page at the path."""
    path = tmp_path / "report.html"
    html.write(run.RUN, path)
    assert path.read_text(encoding="utf-8").lstrip().startswith("<!doctype html>")
