"""An ended job as the makers of results see it, and numbers derived from the name of its input.

The mock processes no input: the properties of an input are derived from its name, so that the same request gives the
same result on every machine. Must not know the meaning of a tag.
"""

from hashlib import sha256

from ciq_mock.results.echo import last_section


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
