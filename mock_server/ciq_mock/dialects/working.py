"""Dialects of the work: how many workers a queue has, how long jobs run, what a pause does."""

from dataclasses import replace

from ciq_mock.dialects.dialect import Dialect
from ciq_mock.engine.values import HeldReading
from ciq_mock.seams import Bend

DIALECTS = (
    Dialect(
        name="held-shows-submitted",
        sentence="Waiting jobs of a paused queue go on showing Submitted.",
        source="1045/47936, 436/49412 against 1045/72940",
        bend=Bend(settings=lambda settings: replace(settings, held=HeldReading.SUBMITTED)),
    ),
    Dialect(
        name="one-worker",
        sentence="Each queue runs one job at a time.",
        source="MaxConcurrent of 1045/72939: no page gives it a value",
        bend=Bend(settings=lambda settings: replace(settings, workers=1)),
    ),
    Dialect(
        name="ten-workers",
        sentence="Each queue runs ten jobs at a time.",
        source="MaxConcurrent is 10 in every sample (1045/72939)",
        bend=Bend(settings=lambda settings: replace(settings, workers=10)),
    ),
    Dialect(
        name="instant-jobs",
        sentence="Jobs end in the moment they start.",
        source="no page says how long a job takes",
        bend=Bend(settings=lambda settings: replace(settings, duration=0.0, durations={}, durations_by_prefix=())),
    ),
    Dialect(
        name="slow-jobs",
        sentence="Each job takes a second.",
        source="no page says how long a job takes",
        bend=Bend(settings=lambda settings: replace(settings, duration=1.0, durations={}, durations_by_prefix=())),
    ),
)
