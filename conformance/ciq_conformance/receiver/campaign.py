"""Plays random histories against a receiver, records them, and writes a script for one that deviates."""

import base64
import inspect
import pprint
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ciq_conformance.explore.script import own_lines
from ciq_conformance.receiver import counting, history_replay, wire
from ciq_conformance.receiver.histories import History, draw_histories, shrink
from ciq_conformance.receiver.history_replay import TOGETHER, Move, await_counts, changed, deviations, sent_by
from ciq_conformance.receiver.plans import Planned, Planner, Way
from ciq_conformance.receiver.player import Player, hidden_query
from ciq_conformance.receiver.steps import HISTORIES, history_step
from ciq_conformance.receiver.wire import Answer, Delivery
from ciq_schemas.features import Feature
from ciq_schemas.requirement import load_registry

TRIES = 40
"""Most runs of smaller parts of a history that deviates."""
SECONDS = 60.0
"""Longest time for them."""
RULE = "RCV-090"
_MODULES = (wire, counting, history_replay)
"""Parts of a script; each may use those before it."""


@dataclass(kw_only=True)
class Campaign:
    """The random histories of one run."""

    player: Player
    planner: Planner
    feature: Feature
    count: int
    seed: int
    scripts: Path | None
    """Directory of the script; None writes none."""
    _played: int = field(default=0, init=False)

    def run(self) -> str:
        """Plays the histories; returns the path of the script when one deviates and a directory is given, else ""."""
        for history in draw_histories(self.count, self.seed):
            if self.play(history):
                return self._shrunk(history)
        return ""

    def _shrunk(self, history: History) -> str:
        end = self.player.recorder.now() + SECONDS
        tries = iter(range(TRIES))

        def deviates(part: History) -> bool:
            if self.player.recorder.now() > end or next(tries, None) is None:
                return False
            return bool(self.play(part))

        smallest = shrink(history, deviates)
        if self.scripts is None or not self.play(smallest):
            return ""
        path = self.scripts / f"receiver-{RULE}.py"
        path.write_text(script_text(self._case(smallest)), encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    def play(self, history: History) -> list[str]:
        """Plays and records one history with new jobs; returns what deviates."""
        self._played += 1
        numbers = sorted({job for move in history for job in move.jobs})
        jobs = {n: self.planner.source.job(self.feature, f"history-{self._played}-{n}") for n in numbers}
        deliveries = {number: self.planner.report(job) for number, job in jobs.items()}
        answers = [self._move(place, move, deliveries) for place, move in enumerate(history, start=1)]
        states = sent_by(history, answers)
        counts: Mapping[int, int | None] = {}
        if self.player.effects is not None:
            reader = self.player.effects

            def count(number: int) -> int | None:
                answer = reader.ask(jobs[number].job_id)
                return counting.times_counted(answer.status, answer.body)

            counts = await_counts(states, count, self.player.effect_within)
            for number in states:
                self.player.look(HISTORIES, self.feature, jobs[number].job_id)
        return deviations(states, counts)

    def _move(self, place: int, move: Move, deliveries: Mapping[int, Delivery]) -> list[Answer]:
        plain = [deliveries[job] for job in move.jobs]
        sent = plain if move.kind == TOGETHER else [changed(move.kind, delivery) for delivery in plain]
        way = Way.TOGETHER if move.kind == TOGETHER else Way.IN_TURN
        step = history_step(self._played, place, move.kind)
        return self.player.send(HISTORIES, self.feature, Planned(step=step, deliveries=tuple(sent), way=way))

    def _case(self, history: History) -> dict[str, object]:
        """What the script needs to know, as plain values; the address without the values of its query."""
        numbers = sorted({job for move in history for job in move.jobs})
        jobs = {number: self.planner.source.job(self.feature, f"history-{self._played}-{number}") for number in numbers}
        reader = self.player.effects
        first = self.planner.report(next(iter(jobs.values())))
        return {
            "rule": RULE,
            "title": load_registry().get(RULE).title,
            "url": hidden_query(self.planner.url),
            "seen_url": hidden_query(reader.url) if reader else "",
            "seen_command": reader.command if reader else "",
            "within": self.player.within,
            "effect_within": self.player.effect_within,
            "content_type": first.content_type,
            "moves": [[move.kind, list(move.jobs)] for move in history],
            "jobs": {str(number): job.job_id for number, job in jobs.items()},
            "bodies": {
                str(number): base64.b64encode(self.planner.report(job).body).decode() for number, job in jobs.items()
            },
        }


def script_text(case: Mapping[str, object]) -> str:
    """Returns the whole script."""
    return "\n".join(
        (
            "#!/usr/bin/env python3",
            "# Plays a history of callbacks that a receiver handled wrong. Written by `ciq receiver --explore`.",
            *(own_lines(inspect.getsource(module)) for module in _MODULES),
            f"CASE = {pprint.pformat(dict(case), sort_dicts=False, width=110)}",
            "",
            'if __name__ == "__main__":',
            "    sys.exit(main(CASE))",
            "",
        )
    )
