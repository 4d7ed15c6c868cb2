"""Reads the forms of the console's pages. Must not know the mock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

_LONGEST = 64 * 1024
_MOST_FIELDS = 100


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, or of a query."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> "Form":
        """Read `a=1&b=2`. Raises HTTPException 400."""
        try:
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
        except ValueError:
            raise HTTPException(400, "the form is not readable: expected UTF-8 fields, at most 100") from None
        values: dict[str, tuple[str, ...]] = {}
        for name, value in pairs:
            values[name] = (*values.get(name, ()), value)
        return cls(values)

    def text(self, name: str, default: str = "") -> str:
        """Return the value of a field without spaces at its ends; the default when it is absent."""
        found = self.values.get(name)
        return found[-1].strip() if found else default

    def texts(self, name: str) -> tuple[str, ...]:
        """Return all values of a field."""
        return self.values.get(name, ())

    def number(self, name: str) -> int | None:
        """Return the number in a field, None when the field is empty. Raises HTTPException 400."""
        text = self.text(name)
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 15):
            raise HTTPException(400, f"{name} must be a whole number, not {text[:40]!r}")
        return int(text)

    def word(self, name: str, known: Mapping[str, object]) -> str | None:
        """Return one of the known words, None when the field is empty. Raises HTTPException 400."""
        text = self.text(name)
        if not text:
            return None
        if text not in known:
            raise HTTPException(400, f"{name} must be one of {', '.join(known)}, not {text[:40]!r}")
        return text


async def read_form(request: Request) -> Form:
    """Read the form in a request's body. Raises HTTPException 400, 413."""
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > _LONGEST:
            raise HTTPException(413, f"the form is longer than {_LONGEST} bytes")
    return Form.of(data.decode("latin-1"))
