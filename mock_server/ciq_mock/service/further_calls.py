"""Handlers of the play key of encrypted HLS and of the image library of a bucket.

Source: 1045/72946, 1045/72947 (play key), 1045/43516 (search by image). The mock plays and searches nothing.
"""

from hashlib import md5

from ciq_mock.resources import PlayKeys
from ciq_mock.service.arguments import invalid, request_body
from ciq_mock.service.call import NOTHING, Answer, Call
from ciq_mock.service.context import ServiceContext, need_bucket
from ciq_schemas.codec import Document, encode

_KEY_LENGTHS = range(6, 41)
_DEFAULT_RATE = "10"
_MOST_DIGITS = 9


def create_play_key(context: ServiceContext, call: Call) -> Answer:
    """Create the keys that the bucket does not have yet, and return both. Known from the Go and Java SDKs only.

    The same bucket always gets the same keys, so that a test can repeat itself; they are no secrets.
    """
    bucket = need_bucket(call.bucket)
    old = context.resources.play_keys.get(bucket)
    master, backup = (
        md5(f"{bucket} {name}".encode(), usedforsecurity=False).hexdigest() for name in ("main", "backup")
    )
    keys = context.resources.play_keys.update(bucket, master=old.master or master, backup=old.backup or backup)
    return _play_keys(call, keys)


def get_play_key(context: ServiceContext, call: Call) -> Answer:
    """Return both keys; a key that was not set is empty."""
    return _play_keys(call, context.resources.play_keys.get(need_bucket(call.bucket)))


def update_play_key(context: ServiceContext, call: Call) -> Answer:
    """Replace one or both keys, of 6 to 40 characters (1045/72946)."""
    bucket = need_bucket(call.bucket)
    given = {name: call.query.get(name) for name in ("masterPlayKey", "backupPlayKey")}
    if not any(given.values()):
        raise invalid("masterPlayKey or backupPlayKey is required")
    for name, key in given.items():
        if key is not None and len(key) not in _KEY_LENGTHS:
            raise invalid(f"{name} must have 6 to 40 characters, not {len(key)}")
    keys = context.resources.play_keys.update(bucket, master=given["masterPlayKey"], backup=given["backupPlayKey"])
    return _play_keys(call, keys)


def open_image_search(context: ServiceContext, call: Call) -> Answer:
    """Open the bucket's image library; the answer has no body (1045/43516)."""
    bucket = need_bucket(call.bucket)
    value = request_body(Document.IMAGE_SEARCH_REQUEST, call.body, context.settings.limits).value
    numbers = {"MaxCapacity": str(value["MaxCapacity"]), "MaxQps": str(value.get("MaxQps") or _DEFAULT_RATE)}
    for name, text in numbers.items():
        if len(text) > _MOST_DIGITS or int(text) < 1:
            raise invalid(f"{name} must be a number from 1 with at most {_MOST_DIGITS} digits")
    context.resources.picture_libraries.open(bucket, capacity=int(numbers["MaxCapacity"]), rate=int(numbers["MaxQps"]))
    return NOTHING


def _play_keys(call: Call, keys: PlayKeys) -> Answer:
    shown = {"MasterPlayKey": keys.master, "BackupPlayKey": keys.backup}
    return Answer(encode(Document.PLAY_KEY_ANSWER, {"RequestId": call.request_id, "PlayKeyList": shown}))
