"""Makes text from the target safe to show; it may contain any character.

Each writer still escapes for HTML, XML or Markdown. Control characters and lone surrogates would break a writer or
control a terminal; bidirectional controls would change the visible order.
"""

from bisect import bisect_right

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_KEPT = frozenset("\t\n")
CUT = "…"


def _shown(char: str) -> str:
    code = ord(char)
    if char in _KEPT:
        return char
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0x80 <= code < 0xA0 or char in _BIDI or code in (0x2028, 0x2029, 0xFEFF):
        return f"\\u{code:04x}"
    if 0xD800 <= code <= 0xDFFF or code & 0xFFFE == 0xFFFE:
        return "\ufffd"
    return char


_SAFE_ASCII = frozenset(chr(code) for code in range(0x20, 0x7F)) | _KEPT


def sanitize(text: str) -> str:
    """Replaces every character that is not printable by a visible one.

    Line ends become `\\n`; the result can be encoded as UTF-8 and is legal in XML 1.0.
    """
    text = text.replace("\r\n", "\n")
    if all(char in _SAFE_ASCII for char in text):
        return text
    return "".join(map(_shown, text))


def one_line(text: str, limit: int = 0) -> str:
    """Returns printable text on one line, white space joined; cut to `limit` characters when that is not 0."""
    joined = " ".join(sanitize(text).split())
    if limit and len(joined) > limit:
        return joined[: limit - 1].rstrip() + CUT
    return joined


def size_in_words(count: int) -> str:
    """Returns a size as text: `740 bytes`, `12.3 KiB`, `2.0 MiB`."""
    limits = (1, 1024, 1024 * 1024)
    names = ("bytes", "KiB", "MiB")
    place = max(0, bisect_right(limits, count) - 1)
    return f"{count} bytes" if place == 0 else f"{count / limits[place]:.1f} {names[place]}"


def seconds_in_words(seconds: float) -> str:
    """Returns a duration as text: `40 ms`, `2.4 s`, `37 s`, `4 min 10 s`, `2 h 05 min`."""
    if 0 < seconds < 0.95:
        return f"{max(1, round(seconds * 1000))} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"
