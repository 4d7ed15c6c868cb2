"""Labels of the callback scenario, shared by the scenario that leaves them and the checks that look for them."""

from enum import StrEnum

from ciq_schemas.requirement import Format


class Channel(StrEnum):
    """Addresses given out: one a form, so that a stray body is laid at the right door."""

    XML = "xml"
    JSON = "json"


class Label(StrEnum):
    """What is asked of the target."""

    RULE_XML = "rule-xml"
    RULE_JSON = "rule-json"
    SUBMIT_XML_PLAIN = "submit-xml-plain"
    SUBMIT_XML_SECOND = "submit-xml-second"
    SUBMIT_XML_SPECIAL = "submit-xml-special"
    SUBMIT_XML_DIRECT = "submit-xml-direct"
    SUBMIT_XML_DIRECT_SPECIAL = "submit-xml-direct-special"
    SUBMIT_JSON_PLAIN = "submit-json-plain"
    SUBMIT_JSON_SECOND = "submit-json-second"
    SUBMIT_JSON_SPECIAL = "submit-json-special"
    SUBMIT_JSON_DIRECT = "submit-json-direct"
    SUBMIT_JSON_DIRECT_SPECIAL = "submit-json-direct-special"
    BEFORE = "look-before-callback"
    AFTER = "look-after-callback"
    LAST = "look-at-the-end"
    RESTORE = "restore"


CHANNELS = {Format.XML: Channel.XML, Format.JSON: Channel.JSON}
RULES = {Format.XML: Label.RULE_XML, Format.JSON: Label.RULE_JSON}

PLAIN = {
    Format.XML: (Label.SUBMIT_XML_PLAIN, Label.SUBMIT_XML_DIRECT),
    Format.JSON: (Label.SUBMIT_JSON_PLAIN, Label.SUBMIT_JSON_DIRECT),
}
"""Like jobs of both forms (same order but for the form): by the queue's rule, and by the job's own address."""

SECOND = {Format.XML: Label.SUBMIT_XML_SECOND, Format.JSON: Label.SUBMIT_JSON_SECOND}
"""Jobs with an input whose name is in another script; with their usual one where such a job is refused."""

SPECIAL = {
    Format.XML: (Label.SUBMIT_XML_SPECIAL, Label.SUBMIT_XML_DIRECT_SPECIAL),
    Format.JSON: (Label.SUBMIT_JSON_SPECIAL, Label.SUBMIT_JSON_DIRECT_SPECIAL),
}
"""Jobs with special characters in UserData and in the name of the output."""

BY_RULE = {form: (PLAIN[form][0], SECOND[form], SPECIAL[form][0]) for form in (Format.XML, Format.JSON)}
"""Submits without an address of their own: told by the queue's rule."""

SUBMITS = {form: (*BY_RULE[form], PLAIN[form][1], SPECIAL[form][1]) for form in (Format.XML, Format.JSON)}
"""All submits whose callback is asked for in a form."""

LOOKS = (Label.BEFORE, Label.AFTER, Label.LAST)

ADDRESS_SUFFIX = "/cb?ticket=a%2Fb&x=1"
"""Path and query that a receiver might use as a shared secret: an escaped slash and two parameters."""

SPECIAL_CHARACTERS = (
    r"""&<>"' ]]> &amp; &#65; <!-- no comment --> \ \n \u0041 $$ ${jobid} %41+b%20c  two {"k": [1, null]}"""
)
"""What XML and JSON must escape, what looks escaped already, what a shell, a template or an address would read more
into, and two blanks in a row."""
SPECIAL_FOLDER = "中文"
LONGEST_USER_DATA = 1024
"""Most characters that UserData may have (436/73198)."""

NUMERIC = "12"
"""UserData of the like jobs: a text, though it looks like a number."""


def special_user_data(label: str) -> str:
    """UserData as long as may be, no blank at its ends; the body in XML, escaped, is longer than 4096 bytes."""
    text = f"{label} {SPECIAL_CHARACTERS} "
    return text + ("&<" * LONGEST_USER_DATA)[: LONGEST_USER_DATA - len(text) - 1] + "."


def blank_ended(label: str) -> str:
    """UserData of the second jobs: blanks at both ends."""
    return f" {label}  "
