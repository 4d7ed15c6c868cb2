"""Faults of what a submit names: texts into which more is read than letters, an address alone, ids given twice.

The texts are changed in the answers, or in the callbacks alone.
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote, unquote_plus
from xml.sax.saxutils import unescape

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.engine import Engine
from ciq_mock.ids import QUEUE_LETTER
from ciq_mock.overrides import Override
from ciq_mock.service.call import Call
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.variants.faults.fault import Fault, in_engine
from ciq_mock.variants.faults.scope import JobMembers, json_jobs
from ciq_mock.variants.middleware import JOB_ANSWERS, Tree, answers, bodies, edited_callbacks, put, rejects
from ciq_schemas.operations import OperationKind as Kind

_USER_DATA, _SOURCE = "JobsDetail/Operation/UserData", "JobsDetail/Input/Object"


def _echoed(change: re.Pattern[str], into: str) -> Override:
    return answers(put(_USER_DATA, lambda text: change.sub(into, text)), *JOB_ANSWERS)


def _told(change: Callable[[str], str]) -> Override:
    """Another UserData in callbacks in XML."""
    return edited_callbacks(put(_USER_DATA, change))


def _told_in_json(part: str, name: str, change: Callable[[str], object]) -> Override:
    """Another text of an element in callbacks in JSON."""

    def edit(job: JobMembers) -> None:
        container = job.get(part)
        if isinstance(container, dict) and name in container:
            container[name] = change(container[name])

    return bodies(json_jobs(edit), BodyFormat.JSON)


def _expanded(root: Tree) -> None:
    for job in root.iterfind("JobsDetail"):
        for element in job.iterfind("Operation/UserData"):
            element.text = (element.text or "").replace("${jobid}", job.findtext("JobId") or "")


def _in_a_section(body: bytes) -> bytes:
    """UserData in a CDATA section, whatever is in it."""

    def section(match: re.Match[bytes]) -> bytes:
        return b"<UserData><![CDATA[%s]]></UserData>" % unescape(match[1].decode()).encode()

    return re.sub(rb"<UserData>(.*?)</UserData>", section, body)


def _typed(text: str) -> object:
    return {"true": True, "false": False}.get(text, int(text) if text.isascii() and text.isdigit() else text)


class _CountsByLetter(Engine):
    """Ids are numbers, counted anew for each letter, and all begin with the same one."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        plain, counts = self._ids, Counter[str]()

        def next_id(letter: str) -> str:
            if letter == QUEUE_LETTER:
                return plain(letter)
            counts[letter] += 1
            return f"j{counts[letter]:032x}"

        self._ids = next_id


def _no_object(call: Call) -> Refusal | None:
    source = re.search(rb"<Input>.*?</Input>", call.body, re.DOTALL)
    alone = source is not None and b"<Url>" in source[0] and b"<Object>" not in source[0]
    return Refusal(ErrorCode.INVALID_ARGUMENT, "Input.Object is missing") if alone else None


FAULTS = (
    Fault("user-data-squeezed", "SUB-008", "Blanks in a row become one in UserData.", _echoed(re.compile(" +"), " ")),
    Fault("user-data-zero-is-none", "SUB-008", "UserData 0 counts as none.", _echoed(re.compile("^0$"), "")),
    Fault("user-data-is-a-number", "SUB-008", "UserData of digits loses leading zeros.", _echoed(re.compile("^0+(?=[0-9]+$)"), "")),
    Fault("user-data-percent-decoded", "SUB-008", "UserData is read as part of an address.", answers(put(_USER_DATA, unquote_plus), *JOB_ANSWERS)),
    Fault("user-data-trimmed", "SUB-021", "UserData loses the blanks at its ends.", answers(put(_USER_DATA, str.strip), *JOB_ANSWERS)),
    Fault("input-plus-is-a-blank", "SUB-015", "A plus sign of Input.Object becomes a blank.", answers(put(_SOURCE, lambda text: text.replace("+", " ")), *JOB_ANSWERS)),
    Fault("callback-user-data-1023", "SHP-012", "UserData of callbacks is cut at 1023 characters.", _told(lambda text: text[:1023])),
    Fault("json-user-data-1023", "SHP-012", "UserData of JSON callbacks is cut at 1023 characters.", _told_in_json("Operation", "UserData", lambda text: text[:1023])),
    Fault("callback-body-4096", "SHP-001", "A callback body is cut at 4096 bytes.", bodies(lambda body: body[:4096])),
    Fault("callback-cdata-ends-early", "SHP-001", "UserData of callbacks is a CDATA section, which a text can end.", bodies(_in_a_section, BodyFormat.XML)),
    Fault("json-backslash-doubled", "SHP-012", "Backslashes of UserData are doubled in JSON callbacks.", _told_in_json("Operation", "UserData", lambda text: text.replace("\\", "\\\\"))),
    Fault("callback-dollars-halved", "SHP-012", "Two dollar signs of UserData become one in callbacks.", _told(lambda text: text.replace("$$", "$"))),
    Fault("callback-user-data-expanded", "SHP-012", "The wildcard for the job's id is filled in in UserData of callbacks.", edited_callbacks(_expanded)),
    Fault("callback-percent-decoded", "SHP-012", "UserData of callbacks has its percent signs decoded.", _told(unquote)),
    Fault("callback-plus-is-a-blank", "SHP-012", "A plus sign of UserData becomes a blank in callbacks.", _told(lambda text: text.replace("+", " "))),
    Fault("callback-blanks-squeezed", "SHP-012", "Blanks in a row become one in UserData of callbacks.", _told(lambda text: re.sub(" +", " ", text))),
    Fault("callback-user-data-trimmed", "SHP-013", "UserData of callbacks loses the blanks at its ends.", _told(str.strip)),
    Fault("json-user-data-trimmed", "SHP-013", "UserData of JSON callbacks loses the blanks at its ends.", _told_in_json("Operation", "UserData", str.strip)),
    Fault("json-user-data-typed", "SHP-011", "UserData that looks like a number or a truth value is one in JSON callbacks.", _told_in_json("Operation", "UserData", _typed)),
    Fault("callback-object-encoded", "SHP-010", "Input.Object of callbacks is percent-encoded.", edited_callbacks(put(_SOURCE, quote))),
    Fault("json-object-encoded", "SHP-010", "Input.Object of JSON callbacks is percent-encoded.", _told_in_json("Input", "Object", quote)),
    Fault("address-alone-refused", "SUB-023", "A submit whose Input has no Object is rejected.", rejects(_no_object, Kind.SUBMIT_JOB)),
    Fault("job-ids-by-letter", "SUB-022", "Job ids are counted for each feature and begin alike.", in_engine(_CountsByLetter)),
)  # fmt: skip
