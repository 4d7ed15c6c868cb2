"""Validates values of the profile. Pure: each function returns the valid value or raises ValueProblem.

A ValueProblem's text completes the sentence “<name> is <value>, expected …”.
"""

import math
import re
import shlex
import string
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from ciq_schemas.features import Feature
from ciq_schemas.suggestions import nearest

UNKNOWN = "unknown"
EVERY_FEATURE = "all"
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")
_TRISTATE = {
    "true": "true",
    "yes": "true",
    "1": "true",
    "false": "false",
    "no": "false",
    "0": "false",
    UNKNOWN: UNKNOWN,
}
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_LONGEST = 2000


class ValueProblem(ValueError):  # noqa: N818 - reads as what it is
    """Names the expected value."""


def text(value: object) -> str:
    """Any printable text."""
    if not isinstance(value, str) or not value or len(value) > _LONGEST or not value.isprintable():
        raise ValueProblem("printable text")
    return value


def command(value: object) -> str:
    """A command line, run without a shell; empty for none."""
    try:
        if value == "" or shlex.split(text(value)):
            return str(value)
    except (ValueError, ValueProblem) as problem:
        raise ValueProblem("a command with arguments, quoted as in a shell") from problem
    raise ValueProblem("a command with arguments, quoted as in a shell")


def xml_part(value: object) -> str:
    """XML elements for a request; the target decides whether it accepts them."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise ValueProblem("XML elements as text")
    return value


def target_url(value: object) -> str:
    """Scheme, host and port of the target, and the path under which a gateway serves it."""
    expected = "an address like http://127.0.0.1:8080 or https://gateway.example/ci, without query or credentials"
    parts = _url(value, expected)
    if parts.query or parts.fragment or not _PREFIX.fullmatch(parts.path.rstrip("/")):
        raise ValueProblem(expected)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def callback_url(value: object) -> str:
    """The receiver's base addresses as the target sees them, separated by commas; empty means the listening address."""
    if value == "":
        return ""
    expected = "an address like http://192.0.2.7:9000, as the target sees the receiver; several with commas"
    if not isinstance(value, str):
        raise ValueProblem(expected)
    urls = [url.strip() for url in value.split(",")]
    for url in urls:
        parts = _url(url, expected)
        if parts.query or parts.fragment:
            raise ValueProblem("an address without query and fragment: the suite appends to it")
    return ",".join(url.rstrip("/") for url in urls)


def _url(value: object, expected: str) -> SplitResult:
    if not isinstance(value, str):
        raise ValueProblem(expected)
    try:
        parts = urlsplit(value)
        port_is_bad = parts.port == 0
    except ValueError as error:
        raise ValueProblem(f"{expected} ({error})") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None or port_is_bad:
        raise ValueProblem(expected)
    if any(character.isspace() or not character.isprintable() for character in value):
        raise ValueProblem(expected)
    return parts


def host_label(value: object) -> str:
    """A name that can stand in a Host header."""
    if not isinstance(value, str) or not _LABEL.fullmatch(value):
        raise ValueProblem("letters, digits, dots and dashes, as in examplebucket-1250000000")
    return value


def optional_host_label(value: object) -> str:
    """As `host_label`; empty for none."""
    return "" if value == "" else host_label(value)


def template(names: set[str]) -> Callable[[object], str]:
    """Text with the named placeholders and no others."""
    allowed = " and ".join(f"{{{name}}}" for name in sorted(names))

    def parse(value: object) -> str:
        if not isinstance(value, str) or not value or any(c.isspace() for c in value):
            raise ValueProblem(f"text without blanks, with {allowed} as placeholders")
        try:
            used = {name for _, name, _, _ in string.Formatter().parse(value) if name is not None}
        except ValueError as error:
            raise ValueProblem(f"text with {allowed} as placeholders ({error})") from error
        if used - names:
            raise ValueProblem(f"no placeholders but {allowed}")
        return value

    return parse


def features(value: object) -> tuple[Feature, ...]:
    """Names of features, as a list or separated by commas, each at most once; or `all`, alone."""
    names = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    known = f"{', '.join(Feature)}; or {EVERY_FEATURE}"
    if not isinstance(names, (list, tuple)) or not names:
        raise ValueProblem(f"one or more of {known}")
    if list(names) == [EVERY_FEATURE]:
        return tuple(Feature)
    if EVERY_FEATURE in names:
        raise ValueProblem(f"{EVERY_FEATURE} alone, or the features by name")
    for name in names:
        if name not in list(Feature):
            near = nearest(str(name), [*Feature, EVERY_FEATURE])
            raise ValueProblem(f"one or more of {known}" + (f"; did you mean {near}?" if near else ""))
    if len(set(names)) != len(names):
        raise ValueProblem("each feature once")
    return tuple(Feature(name) for name in names)


def object_prefix(value: object) -> str:
    """Folder of outputs in the bucket."""
    if not isinstance(value, str) or not value or value.startswith("/") or not value.isprintable():
        raise ValueProblem("a folder without a leading slash, as in ciq")
    return value.rstrip("/")


def absolute_path(value: object) -> str:
    """Path of a family of calls."""
    if not isinstance(value, str) or not re.fullmatch(r"(/[A-Za-z0-9_.-]+)+", value):
        raise ValueProblem("a path like /jobs")
    return value


def bind_address(value: object) -> str:
    """Listening address of the receiver."""
    expected = "HOST:PORT, as in 127.0.0.1:0 (port 0 takes a free one)"
    if not isinstance(value, str):
        raise ValueProblem(expected)
    host, _, port = value.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueProblem(expected)
    return value


def timeout_factor(value: object) -> float:
    """A factor for every timeout."""
    try:
        number = float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else math.nan
    except ValueError:
        number = math.nan
    if not 0.1 <= number <= 100:
        raise ValueProblem("a factor from 0.1 to 100")
    return number


def yes_or_no(value: object) -> bool:
    """`true` or `false`."""
    word = _TRISTATE.get(str(value).lower())
    if word not in ("true", "false"):
        raise ValueProblem("true or false")
    return word == "true"


def capability(value: object) -> str:
    """`true`, `false` or `unknown`."""
    word = _TRISTATE.get(str(value).lower())
    if word is None:
        raise ValueProblem("true, false or unknown")
    return word


def tristate(value: object) -> bool | None:
    """Returns the capability as True, False or None."""
    return {"true": True, "false": False}.get(str(value))


def shown(value: object) -> str:
    """Formats a value for the run file."""
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
