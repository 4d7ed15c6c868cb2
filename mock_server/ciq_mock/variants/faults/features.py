"""Faults of single features other than media, or of one path: a suite that tests only media misses them."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from ciq_mock.callback_rule import TASK_FINISH, BodyFormat
from ciq_mock.engine import CallbackChoice, Job, JobSpec, Queue
from ciq_mock.variants.edits import Tree, drop, edited_body, put
from ciq_mock.variants.faults.callback_changes import Rule, bodies_of, misreads_rules_of, without_callback_for
from ciq_mock.variants.faults.callbacks import rule_with
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.faults.order import ForgetsLastAtResume, LosesOrderAtResume, changed_specs, leaks, picks
from ciq_mock.variants.middleware import (
    JOB_ANSWERS,
    accepts_anyway,
    answers,
    forgets,
    is_later_page,
    only_for,
    reads_call_as,
    repeats_pages,
    with_body,
)
from ciq_mock.variants.mixins import HookedEngine, QueueSettings, in_engine
from ciq_schemas.features import SHARED_JOB_PATH, Feature
from ciq_schemas.lifecycle import QueueState
from ciq_schemas.operations import OperationKind as Kind
from ciq_schemas.values import NotifyConfig

_MEDIA, _SPEECH, _DOC, _AI, _PIC, _FILE = Feature
_JOB = "JobsDetail"


def on_own(path: str) -> bool:
    """Tests whether the path is the feature's own, not the one that all features share."""
    return not path.startswith(SHARED_JOB_PATH)


def in_queues_of(*features: Feature) -> Callable[[Queue], bool]:
    """Returns a test whether a queue belongs to one of the features."""
    return lambda queue: queue.feature in features


def jobs_of(*features: Feature) -> Callable[[Job], bool]:
    """Returns a test whether a job belongs to one of the features."""
    return lambda job: job.feature in features


# --- engine -------------------------------------------------------------------------------------------------


def _by_number(jobs: Sequence[Job]) -> Job:
    return min(jobs, key=lambda job: job.number)


def _newest(jobs: Sequence[Job]) -> Job:
    return max(jobs, key=lambda job: job.number)


def _upper_levels_as_one(jobs: Sequence[Job]) -> Job:
    return min(jobs, key=lambda job: (-min(job.level, 1), job.number))


def _third_of_speech(queue: Queue, waiting: list[Job]) -> Job | None:
    return _newest(waiting) if queue.feature is _SPEECH and len(waiting) == 3 else None


def _pictures_without_level(queue: Queue, specs: Sequence[JobSpec]) -> Sequence[JobSpec]:
    late = queue.feature is _PIC and queue.state is not QueueState.PAUSED
    return [replace(spec, level=0) for spec in specs] if late else specs


class _DocLosesOrderAtResume(LosesOrderAtResume):
    def on_resumed(self, now: float, queue: Queue) -> None:
        """Reverses the order of document jobs."""
        if queue.feature is _DOC:
            super().on_resumed(now, queue)


class _FileForgetsLastAtResume(ForgetsLastAtResume):
    def on_resumed(self, now: float, queue: Queue) -> None:
        """Removes the last file job."""
        if queue.feature is _FILE:
            super().on_resumed(now, queue)


class _SpeechPausesMedia(HookedEngine):
    """Sets the state of the media queue with that of the speech queue when both are updated in the same second."""

    def on_updated(self, queue: Queue, before: QueueSettings, updated_before: float) -> None:
        """Sets the state of the media queue."""
        super().on_updated(queue, before, updated_before)
        for other in self.other_queues(queue):
            same_second = int(other.updated) == int(queue.updated)
            if queue.feature is _SPEECH and other.feature is _MEDIA and same_second:
                other.state = queue.state
                self._touch(other)


# --- documents and callbacks --------------------------------------------------------------------------------


def _ignores_job_address(rule: NotifyConfig, choice: CallbackChoice) -> Rule:
    return rule, choice if choice.address == "no" else replace(choice, address=None)


def _always_xml(rule: NotifyConfig, choice: CallbackChoice) -> Rule:
    return replace(rule, result_format="XML"), choice


def _with_text(body: bytes, path: str, text: str) -> bytes:
    return edited_body(body, put(path, text))


def _unknown_described(root: Tree) -> None:
    for missing in root.iterfind("NonExistJobIds"):
        missing.tag = _JOB
        missing.text, job_id = None, missing.text
        for name, text in (("Code", "Success"), ("JobId", job_id), ("State", "Success"), ("Tag", "DocProcess")):
            child = missing.makeelement(name)
            child.text = text
            missing.append(child)


def _translation_result(body: bytes) -> bytes:
    return body.replace(
        b"</Operation>", b"<TranslationResult><ObjectName>o</ObjectName></TranslationResult></Operation>"
    )


_LISTED = Kind.LIST_JOBS
_DESCRIBED = Kind.DESCRIBE_JOB

FAULTS = (
    Fault("speech-fifo", "PRI-001", "Levels are ignored in the speech queue.", picks(_by_number, of=in_queues_of(_SPEECH)), _SPEECH),
    Fault("ai-upper-levels-as-one", "PRI-001", "Levels 1 and 2 are equal in the AI queue.", picks(_upper_levels_as_one, of=in_queues_of(_AI)), _AI),
    Fault("doc-lifo", "PRI-002", "The newest document job starts first.", picks(_newest, of=in_queues_of(_DOC)), _DOC),
    Fault("file-lifo", "PRI-002", "The newest file job starts first.", picks(_newest, of=in_queues_of(_FILE)), _FILE),
    Fault("doc-order-lost-at-resume", "PRI-007", "A resume reverses the order of the waiting document jobs.", in_engine(_DocLosesOrderAtResume), _DOC),
    Fault("picture-late-levels-ignored", "PRI-004", "The level of a picture job is ignored if the queue is active at the submit.", changed_specs(_pictures_without_level), _PIC),
    Fault("speech-third-leaks", "PAU-001", "The third job that waits in the paused speech queue runs.", leaks(_third_of_speech), _SPEECH),
    Fault("file-last-lost-at-resume", "PAU-002", "The last of the waiting file jobs never runs after a resume.", in_engine(_FileForgetsLastAtResume), _FILE),
    Fault("speech-pause-takes-media-along", "ONE-008", "Pausing speech pauses media when both were updated in the same second.", in_engine(_SpeechPausesMedia), _SPEECH),
    Fault("doc-user-data-cut", "SUB-009", "UserData of document jobs is cut at 255 characters.", only_for(_DOC, override=answers(put(f"{_JOB}/Operation/UserData", lambda text: text[:255]), *JOB_ANSWERS)), _DOC),
    Fault("speech-level-lost", "SUB-010", "Speech jobs do not show their level.", only_for(_SPEECH, override=answers(drop(f"{_JOB}/Operation/JobLevel"), *JOB_ANSWERS)), _SPEECH),
    Fault("file-job-in-other-queue", "ONE-007", "The response to a file job has the QueueId of no queue.", only_for(_FILE, override=answers(put(f"{_JOB}/QueueId", lambda text: text[:-4] + "0000"), Kind.SUBMIT_JOB)), _FILE),
    Fault("doc-unknown-described", "DES-004", "Describe invents a document job for an unknown id.", only_for(_DOC, override=answers(_unknown_described, _DESCRIBED)), _DOC),
    Fault("ai-creation-drifts", "DES-006", "Describe shows an AI job's CreationTime of another day.", only_for(_AI, override=answers(put(f"{_JOB}/CreationTime", lambda text: "2020" + text[4:]), _DESCRIBED)), _AI),
    Fault("speech-pages-repeat", "LST-006", "Each page of speech jobs begins with the last job of the page before.", only_for(_SPEECH, override=repeats_pages(_JOB, _LISTED)), _SPEECH),
    Fault("doc-asc-ignored", "LST-004", "orderByTime is ignored in lists of document jobs.", only_for(_DOC, override=reads_call_as(forgets("orderbytime"), _LISTED)), _DOC),
    Fault("ai-states-ignored", "LST-007", "states is ignored in lists of AI jobs.", only_for(_AI, override=reads_call_as(forgets("states"), _LISTED)), _AI),
    Fault("picture-pages-stop", "LST-006", "The second page of picture jobs is empty.", only_for(_PIC, override=answers(drop(_JOB), _LISTED, when=is_later_page)), _PIC),
    Fault("picture-cancel-unseen", "CAN-002", "Describe shows cancelled picture jobs as Submitted.", only_for(_PIC, override=answers(put(f"{_JOB}/State", lambda text: "Submitted" if text == "Cancel" else text), _DESCRIBED)), _PIC),
    Fault("speech-category-of-media", "QUE-006", "The category of the speech queue is Transcoding.", only_for(_SPEECH, override=answers(put("QueueList/Category", "Transcoding"), Kind.LIST_QUEUES)), _SPEECH),
    Fault("doc-queue-named-as-media", "ONE-002", "The name of the document queue is queue-1.", only_for(_DOC, override=answers(put("QueueList/Name", lambda text: "queue-1" if text.startswith("queue-doc") else text), Kind.LIST_QUEUES)), _DOC),
    Fault("doc-state-filter-ignored", "QUE-011", "state is ignored in lists of document queues.", only_for(_DOC, override=reads_call_as(forgets("state"), Kind.LIST_QUEUES)), _DOC),
    Fault("file-rule-format-lost", "UPD-003", "ResultFormat of the file queue's rule is always XML.", only_for(_FILE, override=answers(put(".//NotifyConfig/ResultFormat", "XML"), Kind.LIST_QUEUES, Kind.UPDATE_QUEUE)), _FILE),
    Fault("speech-callbacks-lost", "DEL-001", "Every third speech job has no callback.", without_callback_for(lambda job: job.feature is _SPEECH and job.number % 3 == 0), _SPEECH),
    Fault("doc-failures-without-callback", "DEL-005", "Failed document jobs have no callback.", without_callback_for(lambda job: job.feature is _DOC and job.failure is not None), _DOC),
    Fault("speech-own-address-ignored", "RUL-002", "CallBack of a speech job is ignored.", misreads_rules_of(jobs_of(_SPEECH), _ignores_job_address), _SPEECH),
    Fault("doc-off-ignored", "RUL-006", "The document queue applies a rule with State Off.", misreads_rules_of(jobs_of(_DOC), rule_with(state="On", event=TASK_FINISH)), _DOC),
    Fault("picture-result-format-ignored", "RUL-008", "ResultFormat of the picture queue's rule is ignored.", misreads_rules_of(jobs_of(_PIC), _always_xml), _PIC),
    Fault("doc-callback-says-running", "SHP-004", "Callbacks of document jobs have State Running.", bodies_of(lambda body: _with_text(body, f"{_JOB}/State", "Running"), BodyFormat.XML, _DOC), _DOC),
    Fault("ai-callback-tag-of-speech", "SHP-005", "Callbacks of AI jobs have the tag of speech.", bodies_of(lambda body: _with_text(body, f"{_JOB}/Tag", "SpeechRecognition"), BodyFormat.XML, _AI), _AI),
    Fault("ai-result-of-own-name", "SHP-015", "Callbacks of translations have their file in TranslationResult, a name of their own.", bodies_of(_translation_result, BodyFormat.XML, _AI), _AI),
    Fault("speech-no-input-taken", "ERR-006", "A speech job without Input is accepted.", only_for(_SPEECH, override=accepts_anyway(lambda call: with_body(call, rb"<Operation>", b"<Input><Object>in/any.mp3</Object></Input><Operation>"), Kind.SUBMIT_JOB)), _SPEECH),
    Fault("own-path-other-queue", "PTH-003", "Document jobs submitted to their own path have the QueueId of no queue.", only_for(_DOC, path=on_own, override=answers(put(f"{_JOB}/QueueId", "p" + "7" * 32), Kind.SUBMIT_JOB, _DESCRIBED)), _DOC),
    Fault("own-path-lists-nothing", "PTH-005", "Lists of AI jobs on their own path are empty.", only_for(_AI, path=on_own, override=answers(drop(_JOB), _LISTED)), _AI),
)  # fmt: skip
