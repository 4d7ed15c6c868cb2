"""The content of an output: a few lines of text that depend on the request only, so that two runs write the same."""

from hashlib import md5

from ciq_mock.results.echo import plain
from ciq_mock.results.finished import Finished

RECOGNISED_TEXT = "[0:0.000,0:1.000] ok"
"""The result of speech recognition for every recording."""


def content_of(job: Finished, name: bytes) -> bytes:
    """Return the content of the output `name` (escaped)."""
    if job.tag == "SpeechRecognition":
        return f"{RECOGNISED_TEXT}\n".encode()
    return f"made by ciq mock\n{job.tag} of {job.source}\n{plain(name)}\n".encode(errors="replace")


def digest_of(job: Finished, name: bytes) -> bytes:
    """Return the MD5 of that content."""
    return md5(content_of(job, name), usedforsecurity=False).hexdigest().encode()
