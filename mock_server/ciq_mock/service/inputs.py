"""Checks the input of a submit: the limits on its page, and whether the object exists.

Reads an Operation as it was sent. Must not know queues, or how a job ends.
"""

from ciq_mock.engine.values import Failure
from ciq_mock.results.echo import plain, section, text, texts
from ciq_mock.service.arguments import invalid, shortened
from ciq_mock.service.context import ServiceContext
from ciq_mock.service.refusal import ErrorCode, Refusal
from ciq_mock.service.submit_form import Texts
from ciq_mock.settings import UnknownInput

_WATERMARK = b"<DigitalWatermark>"
_LONGEST_MESSAGE = 64
_MOST_KEYS = 1000


def check_operation(tag: str, operation: bytes) -> None:
    """Check an Operation (as XML) against the limits of its page; raise Refusal InvalidArgument.

    Message of a digital watermark has at most 64 characters (436/73198). An archive has at most 1000 keys; its sources
    are the first present of UrlList, Prefix and Key (436/83112).
    """
    if _WATERMARK in operation:
        message = plain(text(section(operation, b"DigitalWatermark"), b"Message"))
        if len(message) > _LONGEST_MESSAGE:
            raise invalid(
                f"DigitalWatermark.Message has {len(message)} characters, at most {_LONGEST_MESSAGE} are allowed"
            )
    if tag == "FileCompress":
        config = section(operation, b"FileCompressConfig")
        keys = texts(config, b"Key")
        if not (keys or text(config, b"UrlList") or b"<Prefix>" in config):
            raise invalid("FileCompressConfig needs one of UrlList, Prefix and Key")
        if len(keys) > _MOST_KEYS:
            raise invalid(f"FileCompressConfig has {len(keys)} keys, at most {_MOST_KEYS} are allowed")


def unknown_input(context: ServiceContext, bucket: str, given: Texts | None) -> Failure | None:
    """Return the failure of a job whose input was not uploaded; None when the object exists or the input is an address.

    Raises Refusal ResourceNotFound when the settings refuse such jobs.
    """
    key = "" if given is None else str(given.get("Object") or "").lstrip("/")
    if not key or context.library.find(bucket, key) is not None:
        return None
    message = f"bucket {bucket} has no object {shortened(key)}: upload it first"
    if context.settings.objects.unknown_input is UnknownInput.REFUSE:
        raise Refusal(ErrorCode.RESOURCE_NOT_FOUND, message)
    return Failure(ErrorCode.RESOURCE_NOT_FOUND.wire, message)
