"""Dialects of queues and work: which queues there are, how many workers they have, what a pause does."""

from dataclasses import replace

from ciq_mock.engine.values import HeldReading
from ciq_mock.overrides import Override, mixed
from ciq_mock.variants.dialects.dialect import Dialect
from ciq_mock.variants.dialects.scheduling import ClosedWhenPaused, Halting, OtherSpeechQueue, UpperCaseIds
from ciq_mock.variants.latency import RandomLatencyApp

DIALECTS = (
    Dialect(
        name="held-shows-submitted",
        description="Waiting jobs of a paused queue go on showing Submitted.",
        source="1045/47936, 436/49412 against 1045/72940",
        override=Override(settings=lambda settings: replace(settings, held=HeldReading.SUBMITTED)),
    ),
    Dialect(
        name="pause-halts-running",
        description="A pause halts running jobs; they run for what is left once the queue is Active again.",
        source="1045/43607 and 436/46412 (“jobs in it will stop”) against 1045/72940",
        override=Override(engine=mixed(Halting)),
    ),
    Dialect(
        name="paused-queue-closed",
        description="A paused queue refuses jobs.",
        source="1045/43607: job features cannot be used while paused; no page of the API says what a submit gets",
        override=Override(engine=mixed(ClosedWhenPaused)),
    ),
    Dialect(
        name="speed-queue",
        description="Media has its second queue, for accelerated transcoding.",
        source="1045/72939, 436/53970 against “only one queue” of 1045/43607",
        override=Override(settings=lambda settings: replace(settings, speed_queue=True)),
    ),
    Dialect(
        name="queue-smart-audio-1",
        description="The queue of speech is called queue-smart-audio-1.",
        source="436/53970 against 436/46412",
        override=Override(engine=mixed(OtherSpeechQueue)),
    ),
    Dialect(
        name="upper-case-ids",
        description="Ids of queues and jobs are written with capital letters.",
        source="ids are opaque strings; their form is in samples only",
        override=Override(engine=mixed(UpperCaseIds)),
    ),
    Dialect(
        name="no-input-looked-at",
        description="No job fails for the sake of its input.",
        source="no page says which inputs make a job fail",
        override=Override(settings=lambda settings: replace(settings, failures=())),
    ),
    Dialect(
        name="one-worker",
        description="Each queue runs one job at a time.",
        source="MaxConcurrent of 1045/72939: no page gives it a value",
        override=Override(settings=lambda settings: replace(settings, workers=1)),
    ),
    Dialect(
        name="ten-workers",
        description="Each queue runs ten jobs at a time.",
        source="MaxConcurrent is 10 in every sample (1045/72939)",
        override=Override(settings=lambda settings: replace(settings, workers=10)),
    ),
    Dialect(
        name="instant-jobs",
        description="Jobs end in the moment they start.",
        source="no page says how long a job takes",
        override=Override(
            settings=lambda settings: replace(settings, duration=0.0, durations={}, durations_by_prefix=())
        ),
    ),
    Dialect(
        name="racy",
        description="Every request takes its own time, so that those of several clients overtake each other.",
        source="no page says in which order requests that are under way at once are carried out",
        override=Override(service=mixed(RandomLatencyApp)),
    ),
    Dialect(
        name="slow-jobs",
        description="Each job takes a second.",
        source="no page says how long a job takes",
        override=Override(
            settings=lambda settings: replace(settings, duration=1.0, durations={}, durations_by_prefix=())
        ),
    ),
)
