"""Answers at once from the content of an object: information about a media file, and a frame of it as a picture.

Source: 1045/72941 (`ci-process=videoinfo`), 436/46877 (POST /mediainfo), 1045/72960 (`ci-process=snapshot`), 1045/48855
(POST /snapshot). The information is the one that a MediaInfo job on the object has; the picture is grey. Must not know
HTTP.
"""

from collections.abc import Mapping

import msgspec

from ciq_mock.engine import EngineError
from ciq_mock.objects import FullStoreError, StoredObject
from ciq_mock.objects.store import stored
from ciq_mock.results.echo import number as number_in
from ciq_mock.results.echo import section
from ciq_mock.results.finished import Finished
from ciq_mock.results.media import media_info
from ciq_mock.service import pictures
from ciq_mock.service.arguments import invalid, number, request_body, shortened, word
from ciq_mock.service.call import Answer, Call, Query
from ciq_mock.service.context import ServiceContext, need_bucket
from ciq_mock.service.error_mapping import refusal_of
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_schemas.codec import Document, Fragment, encode
from ciq_schemas.features import Feature

_PARAMETER = "ci-process"
_KINDS = ("videoinfo", "snapshot")
_LONGEST_TIME = 12
_MAKERS = {"jpg": pictures.jpeg, "png": pictures.png}
_TYPES = {"jpg": b"image/jpeg", "png": b"image/png"}


class Processed(msgspec.Struct, frozen=True):
    """The content of an answer and its type."""

    content_type: bytes
    data: bytes


def process(context: ServiceContext, bucket: str, key: str, query: Query) -> Processed:
    """Return the answer to GET of an object with `ci-process`. Raises Refusal."""
    kind = query.get(_PARAMETER)
    if kind not in _KINDS:
        raise Refusal(
            ErrorCode.NOT_IMPLEMENTED,
            f"the mock does not process objects on the fly with {_PARAMETER}={shortened(kind or '')}; it has "
            f"{' and '.join(_KINDS)}",
        )
    _need_media(context, bucket)
    item = context.library.find(bucket, key)
    if item is None:
        raise Refusal(ErrorCode.NO_SUCH_KEY, f"there is no object {shortened(key)} in {bucket}")
    if kind == "videoinfo":
        return Processed(b"application/xml", _information(item))
    return _picture(item, query)


def generate_media_info(context: ServiceContext, call: Call) -> Answer:
    """Return information about an object."""
    bucket = need_bucket(call.bucket)
    value = request_body(Document.MEDIA_INFO_REQUEST, call.body, context.settings.limits).value
    _need_media(context, bucket)
    return Answer(_information(_source(context, bucket, value)))


def generate_snapshot(context: ServiceContext, call: Call) -> Answer:
    """Store a frame of an object as another object, and return where it is."""
    bucket = need_bucket(call.bucket)
    value = request_body(Document.SNAPSHOT_REQUEST, call.body, context.settings.limits).value
    _need_media(context, bucket)
    wanted = {name.lower(): str(text) for name, text in value.items() if isinstance(text, str)}
    frame = _picture(_source(context, bucket, value), Query(wanted))
    place = value["Output"]
    target = {name: str(text) for name, text in place.items()} if isinstance(place, Mapping) else {}
    item = stored(
        target["Object"].lstrip("/"),
        frame.data,
        modified=context.now(),
        headers=((b"content-type", frame.content_type),),
    )
    try:
        context.library.put(target["Bucket"], item)
    except FullStoreError as error:
        raise Refusal(ErrorCode.ENTITY_TOO_LARGE, str(error)) from None
    return Answer(encode(Document.SNAPSHOT_ANSWER, {"Output": target}))


def _need_media(context: ServiceContext, bucket: str) -> None:
    """Raise Refusal when media processing is not active: “enable … in advance” (1045/72941)."""
    try:
        context.engine.queues(bucket, Feature.MEDIA)
    except EngineError as error:
        raise refusal_of(error) from None


def _source(context: ServiceContext, bucket: str, value: Mapping[str, object]) -> StoredObject:
    source = value["Input"]
    key = str(source["Object"]).lstrip("/") if isinstance(source, Mapping) else ""
    item = context.library.find(bucket, key)
    if item is None:
        raise Refusal(ErrorCode.RESOURCE_NOT_FOUND, f"bucket {bucket} has no object {shortened(key)}: upload it first")
    return item


def _described(item: StoredObject) -> bytes:
    """Return the element MediaInfo of an object."""
    file = Finished(
        job_id="", tag="MediaInfo", source=item.key, operation=b"", content=item.data, modified=item.modified
    )
    return media_info(file)


def _information(item: StoredObject) -> bytes:
    return encode(Document.MEDIA_INFO_ANSWER, {"MediaInfo": Fragment(_described(item))})


def _picture(item: StoredObject, query: Query) -> Processed:
    """Return a frame in the size and format that the parameters name (1045/72960)."""
    _need_time(query.get("time"))
    word(query, "mode", ("exactframe", "keyframe"), "exactframe")
    word(query, "rotate", ("auto", "off"), "auto")
    form = word(query, "format", tuple(_MAKERS), "jpg")
    video = section(_described(item), b"Video")
    own_width, own_height = number_in(video, b"Width", 0), number_in(video, b"Height", 0)
    if not (own_width and own_height):
        raise invalid(f"{shortened(item.key)} has no video")
    width, height = (number(query, name, 0, least=0, most=pictures.LARGEST_SIDE) for name in ("width", "height"))
    if not width and not height:
        width, height = own_width, own_height
    width = width or max(1, height * own_width // own_height)
    height = height or max(1, width * own_height // own_width)
    return Processed(_TYPES[form], _MAKERS[form](width, height))


def _need_time(text: str | None) -> None:
    if text is None:
        raise invalid("time is required")
    whole, _, part = text.partition(".")
    if not (text.isascii() and whole.isdigit() and (part or "0").isdigit() and len(text) <= _LONGEST_TIME):
        raise invalid(f"time must be a number of seconds, not {shortened(text)}")
