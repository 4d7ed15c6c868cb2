"""Faults of the texts and ids of a submit: texts that the service interprets, an input by address alone, repeated ids.

The texts are changed in answers, or in callbacks only.
"""

import re
from collections import Counter
from typing import Any
from urllib.parse import quote, unquote, unquote_plus
from xml.sax.saxutils import unescape

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.engine import Engine
from ciq_mock.ids import QUEUE_LETTER
from ciq_mock.overrides import Override
from ciq_mock.service.call import Call
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.variants.edits import ChangeText, Tree, drop, put
from ciq_mock.variants.faults.callback_changes import json_member
from ciq_mock.variants.faults.fault import Fault
from ciq_mock.variants.middleware import (
    JOB_ANSWERS,
    answers,
    bodies,
    edited_callbacks,
    reads_call_as,
    rejects,
    with_body,
)
from ciq_mock.variants.mixins import in_engine
from ciq_schemas.operations import OperationKind as Kind

_USER_DATA, _SOURCE = "JobsDetail/Operation/UserData", "JobsDetail/Input/Object"


def _user_data(change: ChangeText) -> Override:
    """Changes UserData in answers."""
    return answers(put(_USER_DATA, change), *JOB_ANSWERS)


def _callback_user_data(change: ChangeText) -> Override:
    """Changes UserData in callbacks in XML."""
    return edited_callbacks(put(_USER_DATA, change))


def _expanded(root: Tree) -> None:
    for job in root.iterfind("JobsDetail"):
        for element in job.iterfind("Operation/UserData"):
            element.text = (element.text or "").replace("${jobid}", job.findtext("JobId") or "")


def _as_cdata(body: bytes) -> bytes:
    """Writes UserData as a CDATA section, whatever it contains."""

    def section(match: re.Match[bytes]) -> bytes:
        return b"<UserData><![CDATA[%s]]></UserData>" % unescape(match[1].decode()).encode()

    return re.sub(rb"<UserData>(.*?)</UserData>", section, body)


def _as_json_value(text: str) -> object:
    return {"true": True, "false": False}.get(text, int(text) if text.isascii() and text.isdigit() else text)


class _CountsIdsByLetter(Engine):
    """Counts job ids separately for each letter, and begins all of them with the same letter."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._plain_ids = self._ids
        self._counts = Counter[str]()
        self._ids = self._next_id

    def _next_id(self, letter: str) -> str:
        if letter == QUEUE_LETTER:
            return self._plain_ids(letter)
        self._counts[letter] += 1
        return f"j{self._counts[letter]:032x}"


def _reject_url_alone(call: Call) -> Refusal | None:
    source = re.search(rb"<Input>.*?</Input>", call.body, re.DOTALL)
    alone = source is not None and b"<Url>" in source[0] and b"<Object>" not in source[0]
    return Refusal(ErrorCode.INVALID_ARGUMENT, "Input.Object is missing") if alone else None


def _without_cdata(call: Call) -> Call:
    return with_body(call, rb"<!\[CDATA\[.*?\]\]>", b"") or call


def _without_references(call: Call) -> Call:
    return with_body(call, rb"&#\w+;", b"") or call


FAULTS = (
    Fault("user-data-squeezed", "SUB-008", "Repeated spaces in UserData become one.", _user_data(lambda text: re.sub(" +", " ", text))),
    Fault("user-data-zero-is-none", "SUB-008", "UserData 0 is returned as empty.", _user_data(lambda text: re.sub("^0$", "", text))),
    Fault("user-data-is-a-number", "SUB-008", "UserData of digits loses leading zeros.", _user_data(lambda text: re.sub("^0+(?=[0-9]+$)", "", text))),
    Fault("user-data-percent-decoded", "SUB-008", "UserData is percent-decoded, and plus signs become spaces.", _user_data(unquote_plus)),
    Fault("user-data-trimmed", "SUB-021", "UserData loses leading and trailing spaces.", _user_data(str.strip)),
    Fault("input-plus-is-a-blank", "SUB-015", "A plus sign in Input.Object becomes a space.", answers(put(_SOURCE, lambda text: text.replace("+", " ")), *JOB_ANSWERS)),
    Fault("callback-user-data-1023", "SHP-012", "UserData of callbacks is cut at 1023 characters.", _callback_user_data(lambda text: text[:1023])),
    Fault("json-user-data-1023", "SHP-012", "UserData of JSON callbacks is cut at 1023 characters.", json_member("Operation", "UserData", lambda text: text[:1023])),
    Fault("callback-body-4096", "SHP-001", "A callback body is cut at 4096 bytes.", bodies(lambda body: body[:4096])),
    Fault("callback-cdata-ends-early", "SHP-001", "UserData of callbacks is a CDATA section without escaping.", bodies(_as_cdata, BodyFormat.XML)),
    Fault("json-backslash-doubled", "SHP-012", "Backslashes of UserData are doubled in JSON callbacks.", json_member("Operation", "UserData", lambda text: text.replace("\\", "\\\\"))),
    Fault("callback-dollars-halved", "SHP-012", "Two dollar signs in UserData become one in callbacks.", _callback_user_data(lambda text: text.replace("$$", "$"))),
    Fault("callback-user-data-expanded", "SHP-012", "UserData of callbacks has ${jobid} replaced by the job's id.", edited_callbacks(_expanded)),
    Fault("callback-percent-decoded", "SHP-012", "UserData of callbacks is percent-decoded.", _callback_user_data(unquote)),
    Fault("callback-plus-is-a-blank", "SHP-012", "A plus sign in UserData becomes a space in callbacks.", _callback_user_data(lambda text: text.replace("+", " "))),
    Fault("callback-blanks-squeezed", "SHP-012", "Repeated spaces in UserData become one in callbacks.", _callback_user_data(lambda text: re.sub(" +", " ", text))),
    Fault("callback-user-data-trimmed", "SHP-013", "UserData of callbacks loses leading and trailing spaces.", _callback_user_data(str.strip)),
    Fault("json-user-data-trimmed", "SHP-013", "UserData of JSON callbacks loses leading and trailing spaces.", json_member("Operation", "UserData", str.strip)),
    Fault("json-user-data-typed", "SHP-011", "UserData of digits, or true or false, is a number or a boolean in JSON callbacks.", json_member("Operation", "UserData", _as_json_value)),
    Fault("callback-object-encoded", "SHP-010", "Input.Object of callbacks is percent-encoded.", edited_callbacks(put(_SOURCE, quote))),
    Fault("json-object-encoded", "SHP-010", "Input.Object of JSON callbacks is percent-encoded.", json_member("Input", "Object", quote)),
    Fault("address-alone-refused", "SUB-023", "A submit whose Input has a Url and no Object is rejected.", rejects(_reject_url_alone, Kind.SUBMIT_JOB)),
    Fault("cdata-lost", "SUB-025", "CDATA sections in a submit are dropped.", reads_call_as(_without_cdata, Kind.SUBMIT_JOB)),
    Fault("references-unread", "SUB-025", "Character references in a submit are dropped.", reads_call_as(_without_references, Kind.SUBMIT_JOB)),
    Fault("address-hides-object", "SUB-024", "The answer to a submit with Object and Url shows no Object.", answers(drop(_SOURCE), Kind.SUBMIT_JOB, when=lambda call: b"<Url>" in call.body)),
    Fault("job-ids-by-letter", "SUB-022", "Job ids are counted for each feature and begin with the same letter.", in_engine(_CountsIdsByLetter)),
)  # fmt: skip
