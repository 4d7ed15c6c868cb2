"""Makes JUnit XML for CI servers (read by Jenkins, GitLab, GitHub actions and others).

Uses the elements that they all read. A test case fails if and only if its verdict prevents exit code 0 of `ciq run`.

| verdict | element |
| --- | --- |
| fail, blocked, inconclusive on a MUST | `failure`, type = outcome |
| suite-error | `error` |
| pass | none |
| warn, note | none; the text is in `system-out` |
| skipped, untested, not-implemented; inconclusive below MUST; known deviation (baseline) | `skipped` |
| the run itself: no footer, or another exit code than 0 without a failed test case | `error` on a test case `RUN` |

A test case's time is its scenario's time shared evenly among its verdicts: the sum is the time spent.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from lxml import etree

from ciq_reports.outcomes import WORDS, is_red
from ciq_reports.sanitize import one_line, sanitize
from ciq_reports.scenario_runs import scenario_durations
from ciq_reports.summary import headline, run_overall
from ciq_reports.transcript import RunView
from ciq_schemas.transcript.records import AnyRecord, ExitCode, Outcome, Verdict

LONGEST_TEXT = 16_000
"""Characters of one failure's text; GitLab and Jenkins cannot display much more."""


def write(records: Sequence[AnyRecord], path: Path) -> None:
    """Writes the verdicts of a run to `path`; raises RunFileError when `records` contain no header."""
    path.write_bytes(render(RunView.of(records)))


def render(view: RunView) -> bytes:
    """Returns the document."""
    root = etree.Element("testsuites", name="ciq")
    lengths = scenario_durations(view)
    suites = [_suite(root, view, feature, lengths) for feature in (*view.features, "") if _has_any(view, feature)]
    trouble = _run_trouble(view)
    if trouble:
        suite = etree.SubElement(root, "testsuite", name="ciq.run")
        case = etree.SubElement(suite, "testcase", classname="ciq.run", name="RUN", time="0.000")
        _add_result(case, "error", "run", one_line(trouble.partition("\n")[0]), sanitize(trouble))
        _count(suite)
        suites.append(suite)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", f"{view.seconds:.3f}")
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def _has_any(view: RunView, feature: str) -> bool:
    return any(verdict.feature == feature for verdict in view.verdicts)


def _run_trouble(view: RunView) -> str:
    """Returns why the run failed although no verdict prevents exit code 0; empty when it did not."""
    if view.footer is None:
        return "The run was cut off before its end; missing requirements were not judged."
    red = any(is_red(verdict) for verdict in view.verdicts)
    if view.footer.exit_code != ExitCode.CONFORMS and not red:
        words = run_overall(view)
        stale = "".join(f"\n{entry.item} {entry.advice}" for entry in view.footer.stale)
        return f"Exit code {view.footer.exit_code}, {words.word}: {words.sentence}.{stale}"
    return ""


def _suite(
    root: etree._Element, view: RunView, feature: str, lengths: Mapping[tuple[str, str], float]
) -> etree._Element:
    suite = etree.SubElement(root, "testsuite", name=f"ciq.{_safe(feature) or 'all'}")
    suite.set("timestamp", _safe(view.header.started_at))
    properties = etree.SubElement(suite, "properties")
    for name, value in (
        ("target", view.header.target.url),
        ("kit_version", view.header.kit_version),
        ("requirement_set", view.header.requirement_set),
        ("run_id", view.header.run_id),
        ("headline", headline(view)),
    ):
        etree.SubElement(properties, "property", name=name, value=_safe(value))
    mine = [verdict for verdict in view.verdicts if verdict.feature == feature]
    shares = _shares(lengths, mine)
    for verdict in mine:
        _case(suite, verdict, shares[verdict.scenario])
    _count(suite)
    suite.set("time", f"{sum(shares[verdict.scenario] for verdict in mine):.3f}")
    return suite


def _shares(lengths: Mapping[tuple[str, str], float], verdicts: Sequence[Verdict]) -> Mapping[str, float]:
    """Returns the seconds of each scenario that count for one verdict."""
    number = Counter(verdict.scenario for verdict in verdicts)
    feature = verdicts[0].feature
    shares: defaultdict[str, float] = defaultdict(float)
    for scenario, count in number.items():
        shares[scenario] = lengths.get((feature, scenario), 0.0) / count
    return shares


def _case(suite: etree._Element, verdict: Verdict, seconds: float) -> None:
    case = etree.SubElement(
        suite,
        "testcase",
        classname=f"ciq.{_safe(verdict.feature) or 'all'}.{_class_part(verdict.scenario)}",
        name=f"{_safe(verdict.item)} {one_line(verdict.title)}".strip(),
        time=f"{seconds:.3f}",
    )
    properties = etree.SubElement(case, "properties")
    for name, value in (
        ("requirement", verdict.requirement),
        ("level", verdict.level),
        ("outcome", verdict.outcome),
        ("feature", verdict.feature),
        ("format", verdict.format),
        ("scenario", verdict.scenario),
        ("clause", verdict.clause),
        ("evidence", " ".join(map(str, verdict.witness))),
    ):
        if value:
            etree.SubElement(properties, "property", name=name, value=_safe(value))
    message = f"{WORDS[verdict.outcome].word}: {one_line(verdict.seen or verdict.reason, 300)}".rstrip(": ")
    text = _text(verdict)
    if is_red(verdict):
        kind = "error" if verdict.outcome is Outcome.SUITE_ERROR else "failure"
        _add_result(case, kind, verdict.outcome, message, text)
        return
    match verdict.outcome:
        case Outcome.PASS:
            return
        case Outcome.WARN | Outcome.NOTE:
            etree.SubElement(case, "system-out").text = text
        case _:
            known = f"known deviation ({'known flaky' if verdict.flaky else 'baseline'}): " if verdict.baseline else ""
            etree.SubElement(case, "skipped", message=known + message).text = text


def _add_result(case: etree._Element, kind: str, outcome: str, message: str, text: str) -> None:
    etree.SubElement(case, kind, type=outcome, message=message).text = text


def _text(verdict: Verdict) -> str:
    lines = [
        f"{name + ':':<10} {value}"
        for name, value in (
            ("expected", verdict.expected),
            ("observed", verdict.seen),
            ("reason", verdict.reason),
            ("accepted" if verdict.baseline else "note", verdict.accepted),
            ("clause", verdict.clause),
            ("power", verdict.power),
            ("evidence", ", ".join(f"#{seq}" for seq in verdict.witness)),
            ("explain", f"ciq explain {verdict.requirement}"),
        )
        if value
    ]
    text = sanitize("\n".join([f"{WORDS[verdict.outcome].word} ({verdict.level})", *lines]))
    if len(text) > LONGEST_TEXT:
        text = f"{text[:LONGEST_TEXT]}\n(cut here: {len(text)} characters; run.ndjson has the whole text)"
    return text


def _count(suite: etree._Element) -> None:
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(sum(case.find(tag) is not None for case in cases)))


def _safe(text: str) -> str:
    return one_line(text)


def _class_part(scenario: str) -> str:
    return "all_exchanges" if scenario == "*" else one_line(scenario).replace(" ", "_") or "run"
