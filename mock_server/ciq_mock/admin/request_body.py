"""Reads the small JSON bodies of the admin pages."""

from typing import TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request

_LONGEST_BODY = 4096

B = TypeVar("B", bound=msgspec.Struct)


async def read_body(request: Request, kind: type[B], *, optional: bool = False) -> B:
    """Read a small JSON body; raise HTTPException 400 for anything else. `optional`: an empty body is `{}`."""
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > _LONGEST_BODY:
            raise HTTPException(400, f"the body is longer than {_LONGEST_BODY} bytes")
    if optional and not data.strip():
        data = bytearray(b"{}")
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError as error:
        wanted = ", ".join(field.name for field in msgspec.structs.fields(kind))
        raise HTTPException(400, f"expected a JSON object with {wanted}: {error}") from None
