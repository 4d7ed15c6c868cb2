"""Judges one recording: messages in, verdicts out. Sends nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.registry import Item, check_of
from ciq_conformance.judge.selection import Selection
from ciq_conformance.judge.verdict import exit_code
from ciq_conformance.recorded.agreement import Agreement
from ciq_conformance.recorded.answer_rules import answer_cases, not_judged, schema_problems
from ciq_conformance.recorded.callback_rules import callback_cases
from ciq_conformance.recorded.order_rules import order_finding, pause_finding, recorded_queues
from ciq_conformance.recorded.recording import RecordedFormat, Recording, UnreadableFileError
from ciq_conformance.recorded.tally import NO_HEADERS, Tally
from ciq_conformance.registry import load_checks
from ciq_conformance.runner.offline import judge_again
from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.requirement import load_registry
from ciq_schemas.transcript.parsed import ParsedCallback, ParsedExchange
from ciq_schemas.transcript.records import Exchange, ExitCode, RunFileError, Verdict

MOST_EXCHANGES = 50_000
"""Messages of one recording that are kept for order, pause and headers, which need all of them at once."""
_WHOLE = ("HDR-001", "HDR-002", "HDR-004", "HDR-005", "HDR-006", "LIF-001", "UPD-018")
"""Requirements whose checks of `ciq run` judge the exchanges of any origin."""
_HEADERS = ("HDR-001", "HDR-002", "HDR-004", "HDR-005", "HDR-006")
_SHOWN_PROBLEMS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedFile:
    """The verdicts of one file."""

    name: str
    format: RecordedFormat
    guessed: str
    messages: int
    verdicts: tuple[Verdict, ...]
    remarks: tuple[str, ...] = ()
    exit_code: ExitCode


@dataclass(slots=True)
class RecordedJudge:
    """Judges the files of one command; `together` compares callbacks and answers across them."""

    together: bool = False
    complete: bool = False
    _agreement: Agreement = field(default_factory=Agreement)

    def judge(self, recording: Recording) -> JudgedFile:
        """Judges one file; raises UnreadableFileError for a file that breaks off."""
        if recording.format is RecordedFormat.RUN:
            return _judged_run(recording)
        agreement = self._agreement if self.together else Agreement()
        tally, problems = Tally(), 0
        exchanges: list[ParsedExchange] = []
        callbacks: list[ParsedCallback] = []
        count = skipped = 0
        for message in recording.messages:
            count += 1
            timed = recording.has_times and (isinstance(message.record, Exchange) or message.record.started != 0.0)
            kept = timed and len(exchanges) + len(callbacks) < MOST_EXCHANGES
            skipped += timed and not kept
            if isinstance(message.record, Exchange):
                response = ParsedExchange(message.record)
                if kept:
                    exchanges.append(response)
                tally.add(message.place, answer_cases(response))
                tally.add(message.place, agreement.add_answer(response, timed=timed))
                if (why := not_judged(response)) and not tally.judged:
                    recording.remarks.append(f"{message.place} {why}".strip())
                for problem in schema_problems(response):
                    problems += 1
                    if problems <= _SHOWN_PROBLEMS:
                        recording.remarks.append(f"{message.place} {problem}".strip())
            else:
                callback = ParsedCallback(message.record)
                if kept:
                    callbacks.append(callback)
                tally.add(message.place, callback_cases(callback))
                tally.add(message.place, agreement.add_callback(message.place, callback, timed=timed))
        for place, case in agreement.cases():
            tally.add(place, (case,))
        _whole(tally, exchanges, callbacks, complete=self.complete and not skipped)
        return _judged(recording, tally, count, _limits(problems, skipped, agreement.left_out))


def _limits(problems: int, skipped: int, left_out: int) -> Iterator[str]:
    if problems > _SHOWN_PROBLEMS:
        yield f"{problems - _SHOWN_PROBLEMS} more deviations from the XSD"
    if skipped:
        yield f"order, pause and headers are judged by {MOST_EXCHANGES} messages; {skipped} more were left out"
    if left_out:
        yield f"{left_out} messages are about further jobs, which were not compared"


def _judged(recording: Recording, tally: Tally, count: int, limits: Iterator[str]) -> JudgedFile:
    verdicts = tuple(tally.verdicts())
    if not count:
        recording.remarks.append("the file has no message that can be judged")
    return JudgedFile(
        name=recording.name,
        format=recording.format,
        guessed=recording.guessed,
        messages=count,
        verdicts=verdicts,
        remarks=(*recording.remarks, *limits),
        exit_code=exit_code(verdicts),
    )


def _whole(
    tally: Tally,
    exchanges: list[ParsedExchange],
    callbacks: list[ParsedCallback],
    *,
    complete: bool,
) -> None:
    """Judges what needs all messages at once: headers, states, order, pause."""
    if not exchanges:
        return
    load_checks()
    records = [response.exchange for response in exchanges]
    if not any(record.response_headers for record in records):
        tally.reasons.update(dict.fromkeys(_HEADERS, NO_HEADERS))
    evidence = Evidence(feature=Feature.MEDIA, records=records)
    for name in _WHOLE:
        if name in tally.reasons:
            continue
        check = check_of(name)
        if check is not None:
            item = Item(requirement=load_registry().get(name), feature=FEATURES[Feature.MEDIA])
            tally.set(name, check(evidence, item))
    queues = recorded_queues(exchanges, callbacks)
    tally.set("PRI-001", order_finding(queues, by_level=True))
    tally.set("PRI-002", order_finding(queues, by_level=False))
    tally.set("PAU-001", pause_finding(queues, complete=complete))


def _judged_run(recording: Recording) -> JudgedFile:
    """Judges a run file with the checks of `ciq run`, which know its scenarios."""
    try:
        judged = judge_again(recording.run, Selection())
    except RunFileError as error:
        raise UnreadableFileError(str(error)) from error
    remarks = (judged.cut_short,) if judged.cut_short else ()
    return JudgedFile(
        name=recording.name,
        format=recording.format,
        guessed=recording.guessed,
        messages=len(recording.run),
        verdicts=judged.verdicts,
        remarks=remarks,
        exit_code=judged.exit_code,
    )
