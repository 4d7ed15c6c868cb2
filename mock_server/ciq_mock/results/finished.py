"""An ended job as the makers of results see it, the content of its outputs, and numbers derived from its input's name.

The mock processes no input: the properties of an input are derived from its name, so that the same request gives the
same result on every machine. Must not know the containers of a tag.
"""

from hashlib import md5, sha256

from ciq_mock.results.echo import last_section, plain

RECOGNISED_TEXT = "[0:0.000,0:1.000] ok"
"""The result of speech recognition for every recording."""


class Finished:
    """The properties of a job that a result may depend on."""

    def __init__(
        self,
        *,
        job_id: str,
        tag: str,
        source: str,
        operation: bytes,
        run_id: str = "",
        content: bytes | None = None,
        modified: float = 0.0,
    ) -> None:
        """`source` is the key or address of the input; `content` its bytes if it was uploaded, `modified` the time of
        the upload (epoch seconds). `operation` is the Operation element as echoed."""
        self.job_id = job_id
        self.tag = tag
        self.source = source
        self.operation = operation
        self.run_id = run_id
        self.content = content
        self.modified = modified
        self.output = last_section(operation, b"Output")
        """The content of Operation.Output, which follows the containers of the tag."""
        self.files: list[bytes] | None = None
        """The names of its files, once `names.file_names` has computed them."""

    def draw(self, what: str, least: int, most: int) -> int:
        """Return a number from `least` to `most` that depends on the input and on `what`."""
        mixed = sha256(f"{what}\0{self.source or self.tag}".encode("utf-8", "replace")).digest()
        return least + int.from_bytes(mixed[:6]) % (most - least + 1)

    @property
    def size(self) -> int:
        """Bytes of the input."""
        return self.draw("size", 1_000, 9_000_000) if self.content is None else len(self.content)

    @property
    def seconds(self) -> int:
        """Playing time of the input."""
        return self.draw("seconds", 5, 600)


def content_of(job: Finished, name: bytes) -> bytes:
    """Return the content of the output `name` (escaped)."""
    if job.tag == "SpeechRecognition":
        return f"{RECOGNISED_TEXT}\n".encode()
    return f"made by ciq mock\n{job.tag} of {job.source}\n{plain(name)}\n".encode(errors="replace")


def digest_of(job: Finished, name: bytes) -> bytes:
    """Return the MD5 of that content."""
    return md5(content_of(job, name), usedforsecurity=False).hexdigest().encode()
