"""Labels of the scenario `callback`, used by the scenario and its checks."""

from enum import StrEnum

from ciq_schemas.requirement import Format


class Channel(StrEnum):
    """Callback addresses: one per format, so that a body that names no job still belongs to one format."""

    XML = "xml"
    JSON = "json"


class Label(StrEnum):
    """Labels of the exchanges."""

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
"""Jobs that differ only in the format: one with the queue's rule, one with its own address."""

SECOND = {Format.XML: Label.SUBMIT_XML_SECOND, Format.JSON: Label.SUBMIT_JSON_SECOND}
"""Jobs whose input name is in another script; with their usual input where the target rejects such a job."""

SPECIAL = {
    Format.XML: (Label.SUBMIT_XML_SPECIAL, Label.SUBMIT_XML_DIRECT_SPECIAL),
    Format.JSON: (Label.SUBMIT_JSON_SPECIAL, Label.SUBMIT_JSON_DIRECT_SPECIAL),
}
"""Jobs with special characters in UserData and in the name of the output."""

BY_RULE = {form: (PLAIN[form][0], SECOND[form], SPECIAL[form][0]) for form in (Format.XML, Format.JSON)}
"""Submits without CallBack: the queue's rule applies."""

SUBMITS = {form: (*BY_RULE[form], PLAIN[form][1], SPECIAL[form][1]) for form in (Format.XML, Format.JSON)}
"""All submits that request a callback in a format."""

LOOKS = (Label.BEFORE, Label.AFTER, Label.LAST)

ADDRESS_SUFFIX = "/cb?ticket=a%2Fb&x=1"
"""Path and query that a receiver may use as a shared secret: an escaped slash and two parameters."""

SPECIAL_CHARACTERS = (
    r"""&<>"' ]]> &amp; &#65; <!-- no comment --> \ \n \u0041 $$ ${jobid} %41+b%20c  two {"k": [1, null]}"""
)
"""Characters that XML and JSON must escape, text that looks already escaped, characters with a meaning in shells,
templates and addresses, and two consecutive blanks."""
SPECIAL_FOLDER = "中文"
LONGEST_USER_DATA = 1024
"""Maximum number of characters in UserData (436/73198)."""

NUMERIC = "12"
"""UserData of the plain jobs: a text that looks like a number."""


def special_user_data(label: str) -> str:
    """Returns UserData of maximum length without blanks at its ends; its escaped XML body is longer than 4096 bytes."""
    text = f"{label} {SPECIAL_CHARACTERS} "
    return text + ("&<" * LONGEST_USER_DATA)[: LONGEST_USER_DATA - len(text) - 1] + "."


def user_data_with_outer_blanks(label: str) -> str:
    """Returns UserData of the second jobs: blanks at both ends."""
    return f" {label}  "
