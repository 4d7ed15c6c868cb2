"""The scenarios of a receiver run and the names of their steps. Pure; plans and checks share it.

A scenario with `every_feature` runs on each selected feature, all others on the first one: how a receiver handles a
connection does not depend on the feature that the body reports.
"""

from enum import StrEnum

from ciq_conformance.scenario_spec import ScenarioSpec
from ciq_schemas.requirement import Format

CALLBACK, SEEN = "callback", "seen"
"""Kinds of exchanges (`Exchange.operation`): a callback to the receiver, and a question how often a job was counted."""
ANSWER_WITHIN = 5.0
"""Seconds after which a response counts as late (times the timeout factor); the mock's own time-out of a callback."""
SERVICE = "service"
"""Label of the requests that the service beside the receiver got from it."""
CANARY = "canary"
"""Label of the address that an external entity names."""

FORMS = ScenarioSpec(
    name="receiver-forms",
    title="Sends every documented form of every event once.",
    position=900,
    needs_jobs=False,
)
TRANSPORT = ScenarioSpec(
    name="receiver-transport",
    title="Sends callbacks in the ways that HTTP allows: chunked, HTTP/1.0, Expect, kept connections, slow bodies.",
    position=901,
    needs_jobs=False,
)
REPEATS = ScenarioSpec(
    name="receiver-repeats",
    title="Sends callbacks twice, at once, out of order, late, in a burst, and over connections that break.",
    position=902,
    needs_jobs=False,
)
RESTART = ScenarioSpec(
    name="receiver-restart",
    title="Restarts the receiver right after it has accepted callbacks, and sends the same callbacks again.",
    position=903,
    needs_jobs=False,
)
FORGED = ScenarioSpec(
    name="receiver-forged",
    title="Sends callbacks that contradict the service: of an unknown job, and of a job in another state.",
    position=904,
    needs_jobs=False,
)
HISTORIES = ScenarioSpec(
    name="receiver-histories",
    title="Sends callbacks in random histories of repeats, simultaneous deliveries and broken connections.",
    position=905,
    needs_jobs=False,
    option="explore",
)
MALFORMED = ScenarioSpec(
    name="receiver-malformed",
    title="Sends malformed and hostile bodies, and a valid callback after each.",
    position=906,
    needs_jobs=False,
    rejects=True,
)
EVERY_FEATURE = frozenset({FORMS})
"""The scenarios that run on each selected feature."""
SPECS = (FORMS, TRANSPORT, REPEATS, RESTART, FORGED, HISTORIES, MALFORMED)


class Form(StrEnum):
    """A form of a callback body."""

    SUCCESS = "success"
    FAILED = "failed"
    WITHOUT_EVENT = "without-event-name"
    NON_EXIST = "non-exist-job-ids"
    WITHOUT_DECLARATION = "without-declaration"
    ALPHABETICAL = "alphabetical"
    SEVERAL = "several-jobs"
    UNKNOWN = "unknown-elements"
    OF_WORKFLOW = "job-of-workflow"
    SPECIAL = "special-characters"
    LONG = "long-user-data"
    OTHER_JOBS = "other-form-of-jobs-detail"
    WRAPPER = "wrapper"
    NUMBERS = "numbers"
    NULLS = "nulls"
    RUN_SUCCESS = "run-success"
    RUN_FAILED = "run-failed"
    RUN_WITHOUT_EVENT = "run-without-event-name"
    RUN_WITHOUT_ROOT = "run-without-root"

    def step(self, form: Format) -> str:
        """Name of the step that sends the form as XML or JSON."""
        return f"{self}-{form}"


class Transport(StrEnum):
    """A way to send a callback."""

    CHUNKED = "chunked"
    HTTP_10 = "http-1.0"
    EXPECT = "expect-continue"
    KEPT = "kept-connection"
    PIECES = "in-pieces"
    LOWER = "lower-case-headers"
    CHARSET = "charset-parameter"
    TEXT_XML = "text-xml"
    NO_TYPE = "without-content-type"


class Repeat(StrEnum):
    """A step about repeated, simultaneous, late or interrupted deliveries."""

    TWICE = "twice"
    TWICE_AT_ONCE = "twice-at-once"
    TWO_AT_ONCE = "two-at-once"
    OUT_OF_ORDER = "out-of-order"
    RUN_FIRST = "run-before-its-job"
    LATE = "late"
    EARLY = "early"
    REPEATED_LATE = "repeated-late"
    BURST = "burst"
    CUT = "cut"
    AFTER_CUT = "after-cut"
    LEFT = "left-without-response"
    AFTER_LEFT = "after-left"


class Restarted(StrEnum):
    """A step around the restart of the receiver."""

    BEFORE = "before-restart"
    REPEATED = "before-restart-repeated-later"
    AFTER = "after-restart"


class Forged(StrEnum):
    """A step of a callback that the service contradicts."""

    GENUINE = "genuine"
    UNKNOWN_JOB = "unknown-job"
    OTHER_STATE = "contradicted-state"


class Bad(StrEnum):
    """A malformed or hostile request."""

    TRUNCATED_XML = "truncated-xml"
    TRUNCATED_JSON = "truncated-json"
    EMPTY = "empty"
    BLANK = "blank"
    XML_AS_JSON = "xml-as-json"
    JSON_AS_XML = "json-as-xml"
    FORM_TYPE = "form-content-type"
    UNKNOWN_TYPE = "unknown-content-type"
    HUGE = "huge"
    DEEP_XML = "deep-xml"
    DEEP_JSON = "deep-json"
    ENTITY_BOMB = "entity-bomb"
    EXTERNAL_ENTITY = "external-entity"
    INVALID_UTF8 = "invalid-utf8"
    NUL = "nul-character"
    UNKNOWN_ENCODING = "unknown-encoding"
    TEXT = "text"
    OTHER_ROOT = "other-root"
    JSON_ARRAY = "json-array"
    JSON_NUMBER = "json-number"
    NO_JOB = "no-job"
    NO_JOB_ID = "no-job-id"
    WRONG_TYPES = "wrong-json-types"
    UNKNOWN_EVENT = "unknown-event"
    STRANGE_ID = "strange-job-id"
    LONG_ID = "long-job-id"
    GET = "get"

    @property
    def after(self) -> str:
        """Name of the step that sends a valid callback afterwards."""
        return f"after-{self}"


def seen_step(job_id: str) -> str:
    """Name of the step that asks how often a job was counted."""
    return f"seen {job_id}"


def job_of_step(step: str) -> str:
    """The job of such a step; empty for another step."""
    return step.removeprefix("seen ") if step.startswith("seen ") else ""


def history_step(history: int, place: int, kind: str) -> str:
    """Name of a step of a random history: `history 3.2 together`."""
    return f"history {history}.{place} {kind}"


def is_whole(step: str) -> bool:
    """Returns whether a step of a history sends whole callbacks."""
    return not step.endswith(" cut")
