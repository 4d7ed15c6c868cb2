"""Faults of what a submit names: texts into which more is read than letters, an address alone, ids given twice."""

import re
from collections import Counter
from typing import Any
from urllib.parse import unquote_plus

from ciq_mock.engine import Engine
from ciq_mock.faults.fault import Fault, in_engine
from ciq_mock.faults.layers import JOB_ANSWERS, answers, put, refuses
from ciq_mock.ids import QUEUE_LETTER
from ciq_mock.seams import Bend
from ciq_mock.service.call import Call
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_schemas.operations import OperationKind as Kind

_USER_DATA, _SOURCE = "JobsDetail/Operation/UserData", "JobsDetail/Input/Object"


def _echoed(change: re.Pattern[str], into: str) -> Bend:
    return answers(put(_USER_DATA, lambda text: change.sub(into, text)), *JOB_ANSWERS)


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
    Fault("address-alone-refused", "SUB-023", "A submit whose Input has no Object is refused.", refuses(_no_object, Kind.SUBMIT_JOB)),
    Fault("job-ids-by-letter", "SUB-022", "Job ids are counted for each feature and begin alike.", in_engine(_CountsByLetter)),
)  # fmt: skip
