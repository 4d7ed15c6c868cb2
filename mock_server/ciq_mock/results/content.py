"""The bytes of an output: a few lines of text that follow from the request, so that two runs write the same."""

from hashlib import md5

from ciq_mock.results.echo import plain
from ciq_mock.results.finished import Finished

HEARD = "[0:0.000,0:1.000] ok"
"""What speech recognition hears in every recording."""


def content_of(job: Finished, name: bytes) -> bytes:
    """The content of the output `name` (escaped)."""
    if job.tag == "SpeechRecognition":
        return f"{HEARD}\n".encode()
    return f"made by ciq mock\n{job.tag} of {job.source}\n{plain(name)}\n".encode(errors="replace")


def digest_of(job: Finished, name: bytes) -> bytes:
    """The MD5 of that content."""
    return md5(content_of(job, name), usedforsecurity=False).hexdigest().encode()
