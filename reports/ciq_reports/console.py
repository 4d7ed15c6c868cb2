"""Live progress of a run and the summary at its end, on a terminal or in a log.

Knows rich and records. Must not know the runner: `feed` receives the records as they are written, from any
thread, and cannot change the run. On a terminal the last line shows the running scenarios; elsewhere,
and with `TERM=dumb`, the output is plain lines. rich handles `NO_COLOR`; every outcome has a sign and a colour.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ciq_reports import console_summary
from ciq_reports.blocking_causes import FEWEST, is_first_occurrence
from ciq_reports.console_summary import STYLES, text
from ciq_reports.outcomes import FINDINGS, WORDS
from ciq_reports.sanitize import one_line, seconds_in_words
from ciq_reports.transcript import RunView
from ciq_schemas.requirement import RECEIVER
from ciq_schemas.transcript.records import (
    AnyRecord,
    Calibration,
    CallbackReceived,
    DriverEvent,
    Exchange,
    Footer,
    Header,
    Outcome,
    Verdict,
)


class ConsoleReporter:
    """Shows the progress of one run. Call `begin`, then `feed` or the specific methods, then `end`."""

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        """Writes to `console`; `verbose` prints passing verdicts too."""
        self._console = console
        self._verbose = verbose
        self._lock = Lock()
        self._records: list[AnyRecord] = []
        self._running: dict[tuple[str, str], float | None] = {}
        self._blocked: Counter[str] = Counter()
        self._stops: set[tuple[str, str]] = set()
        self._progress: Progress | None = None

    def feed(self, record: AnyRecord) -> None:
        """Receives the next record of the run file, of any kind."""
        match record:
            case Header():
                self.begin(record)
            case DriverEvent(name="begin"):
                self.scenario_started(record.feature, record.scenario, at=record.at)
            case DriverEvent(name="end"):
                self.scenario_finished(record.feature, record.scenario, at=record.at)
            case Verdict():
                self.verdict(record)
            case Calibration():
                self.calibrated(record)
            case Footer():
                self.end(record)
            case DriverEvent():
                self.remark(record)
            case Exchange() | CallbackReceived():
                with self._lock:
                    self._records.append(record)

    def begin(self, header: Header, total: int | None = None) -> None:
        """Shows the start of the run; `total` is the number of scenarios, None when unknown."""
        target = "the embedded mock" if header.target.embedded else one_line(header.target.url)
        with self._lock:
            self._records.append(header)
            self._line("bold", f"ciq {one_line(header.kit_version)}", f" against {target}")
            of_receiver = header.requirement_set.startswith(f"{RECEIVER}-")
            bucket = "" if of_receiver else f"bucket {one_line(header.target.bucket)}, "
            signed = "" if of_receiver else f"{'signed' if header.target.signed else 'unsigned'} requests, "
            self._line(
                "dim",
                f"{bucket}features {', '.join(header.features)}, "
                f"{len(header.selected)} requirements of set {one_line(header.requirement_set)}, "
                f"{signed}run {one_line(header.run_id)}",
            )
            if self._console.is_terminal and not self._console.is_dumb_terminal:
                self._progress = Progress(
                    SpinnerColumn(),
                    TextColumn("{task.description}", markup=False),
                    TextColumn("{task.completed}{task.fields[of]} scenarios finished", style="dim"),
                    TimeElapsedColumn(),
                    console=self._console,
                    transient=True,
                )
                self._progress.add_task("starting", total=total, of="" if total is None else f" of {total}")
                self._progress.start()

    def calibrated(self, calibration: Calibration) -> None:
        """Shows what the probe measured on one feature."""
        callback = calibration.callback_latency
        with self._lock:
            self._records.append(calibration)
            self._line(
                "dim",
                f"  {one_line(calibration.feature)}: "
                f"starts after {seconds_in_words(calibration.start_latency)}, "
                f"ends after {seconds_in_words(calibration.job_latency)}, "
                + ("no callback received" if callback is None else f"callback after {seconds_in_words(callback)}")
                + f", {calibration.workers} worker(s)",
            )

    def scenario_started(self, feature: str, scenario: str, *, at: float | None = None) -> None:
        """Shows that a scenario began on a feature, `at` seconds after the start of the run."""
        with self._lock:
            self._running[feature, scenario] = at
            self._describe()

    def scenario_finished(self, feature: str, scenario: str, *, at: float | None = None) -> None:
        """Shows that a scenario ended on a feature, `at` seconds after the start of the run."""
        with self._lock:
            begun = self._running.pop((feature, scenario), None)
            if self._progress is None:
                took = f" {seconds_in_words(at - begun)}" if at is not None and begun is not None else ""
                self._line("dim", f"  ran {_place(feature, scenario)}{took}")
            else:
                self._progress.advance(self._progress.task_ids[0])
                self._describe()

    def remark(self, event: DriverEvent) -> None:
        """Shows an unexpected event of the driver."""
        with self._lock:
            self._records.append(event)
            if is_first_occurrence(event, self._stops):
                self._line(
                    "yellow",
                    f"  {event.name}",
                    f" {_place(event.feature, event.scenario)}: {one_line(event.text, 200)}",
                )

    def verdict(self, verdict: Verdict) -> None:
        """Shows a verdict."""
        with self._lock:
            self._records.append(verdict)
            if verdict.outcome not in FINDINGS and not self._verbose:
                return
            if verdict.outcome is Outcome.BLOCKED and self._omits_blocked(verdict.reason):
                return
            words = WORDS[verdict.outcome]
            known = (" (known flaky)" if verdict.flaky else " (baseline)") if verdict.baseline else ""
            self._line(
                STYLES[verdict.outcome],
                f"  {words.sign} {words.word}{known}",
                f" {one_line(verdict.item)} {one_line(verdict.title)}",
            )

    def _omits_blocked(self, reason: str) -> bool:
        """Shows the cause before its first verdict; returns whether to omit the verdict: the summary lists them all."""
        self._blocked[reason] += 1
        if self._blocked[reason] == 1 and reason and all(reason != shown for _, shown in self._stops):
            self._line(STYLES[Outcome.BLOCKED], "  cause", f" {one_line(reason, 200)}")
        if self._blocked[reason] == FEWEST:
            self._line("dim", "  … and more for the same reason")
        return self._blocked[reason] >= FEWEST and not self._verbose

    def end(self, footer: Footer | None, outputs: Mapping[str, Path] | None = None) -> None:
        """Prints the summary and the paths of the `outputs`, by label; `footer` is None when the run was cut off."""
        with self._lock:
            if self._progress is not None:
                self._progress.stop()
                self._progress = None
            if footer is not None:
                self._records.append(footer)
            records, self._records = self._records, []
        if any(isinstance(record, Header) for record in records):
            console_summary.show(self._console, RunView.of(records), outputs or {})

    def _describe(self) -> None:
        if self._progress is None:
            return
        names = " · ".join(sorted(f"{feature or 'all'} {scenario}" for feature, scenario in self._running))
        self._progress.update(self._progress.task_ids[0], description=one_line(names, 60) or "judging")

    def _line(self, style: str, *parts: str) -> None:
        self._console.print(text(style, *parts), soft_wrap=self._progress is None)


def _place(feature: str, scenario: str) -> str:
    return f"{one_line(scenario)} on {one_line(feature) or 'all features'}"
