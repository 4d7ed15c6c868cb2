"""Dialects of queues and jobs: which queues exist, how many workers they have, what a pause does."""

from ciq_mock.engine.values import HeldReading
from ciq_mock.variants.dialects.dialect import Dialect
from ciq_mock.variants.dialects.scheduling import (
    UPPER_CASE_IDS,
    HaltsRunningJobs,
    OtherSpeechQueueName,
    RejectsWhenPaused,
)
from ciq_mock.variants.latency import RandomLatencyApp
from ciq_mock.variants.mixins import changed_settings, in_engine, in_service

DIALECTS = (
    Dialect(
        name="held-shows-submitted",
        description="Waiting jobs of a paused queue still show Submitted.",
        source="1045/47936, 436/49412 against 1045/72940",
        override=changed_settings(held=HeldReading.SUBMITTED),
    ),
    Dialect(
        name="pause-halts-running",
        description="A pause stops running jobs; after the resume they run for the remaining time.",
        source="1045/43607 and 436/46412 (“jobs in it will stop”) against 1045/72940",
        override=in_engine(HaltsRunningJobs),
    ),
    Dialect(
        name="paused-queue-closed",
        description="A paused queue rejects jobs.",
        source="1045/43607: job features cannot be used while paused; no API page describes the response to a submit",
        override=in_engine(RejectsWhenPaused),
    ),
    Dialect(
        name="speed-queue",
        description="Media has a second queue, for accelerated transcoding.",
        source="1045/72939, 436/53970 against “only one queue” of 1045/43607",
        override=changed_settings(speed_queue=True),
    ),
    Dialect(
        name="queue-smart-audio-1",
        description="The name of the speech queue is queue-smart-audio-1.",
        source="436/53970 against 436/46412",
        override=in_engine(OtherSpeechQueueName),
    ),
    Dialect(
        name="upper-case-ids",
        description="Ids of queues and jobs contain upper-case letters.",
        source="ids are opaque strings; only samples show their form",
        override=UPPER_CASE_IDS,
    ),
    Dialect(
        name="no-input-looked-at",
        description="No job fails because of its input.",
        source="no page says which inputs make a job fail",
        override=changed_settings(failures=()),
    ),
    Dialect(
        name="one-worker",
        description="Each queue runs one job at a time.",
        source="MaxConcurrent of 1045/72939: no page specifies a value",
        override=changed_settings(workers=1),
    ),
    Dialect(
        name="ten-workers",
        description="Each queue runs ten jobs at a time.",
        source="MaxConcurrent is 10 in every sample (1045/72939)",
        override=changed_settings(workers=10),
    ),
    Dialect(
        name="instant-jobs",
        description="Jobs end as soon as they start.",
        source="no page specifies how long a job takes",
        override=changed_settings(duration=0.0, durations={}, durations_by_prefix=()),
    ),
    Dialect(
        name="racy",
        description="Requests are delayed at random, so that those of several clients overtake each other.",
        source="no page specifies the order in which concurrent requests are handled",
        override=in_service(RandomLatencyApp),
    ),
    Dialect(
        name="slow-jobs",
        description="Each job takes one second.",
        source="no page specifies how long a job takes",
        override=changed_settings(duration=1.0, durations={}, durations_by_prefix=()),
    ),
)
