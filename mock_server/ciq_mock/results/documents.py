"""Results of document jobs. Shape: 1045/47933, 1545/65203."""

from ciq_mock.results.echo import element, number, section, text
from ciq_mock.results.finished import Finished
from ciq_mock.results.names import extension, filled, page_count


def pages(job: Finished) -> bytes:
    """DocProcessResult: the written pages and their addresses."""
    count = page_count(job)
    first = max(1, number(section(job.operation, b"DocProcess"), b"StartPage", 1))
    pattern = text(job.output, b"Object")
    infos = (
        element(
            b"PageInfo",
            element(b"PageNo", b"%d" % (first + n)),
            element(b"TgtUri", filled(job, pattern, file=n, page=n + 1)),
        )
        for n in range(count)
    )
    return element(
        b"DocProcessResult",
        element(b"FailPageCount", b"0"),
        element(b"SuccPageCount", b"%d" % count),
        element(b"TotalPageCount", b"%d" % count),
        element(b"TaskId", job.job_id.encode()),
        element(b"TgtType", extension(job)),
        *infos,
    )


def watermarked(job: Finished) -> bytes:
    """DocWatermarkResult: the document that was written (known from SDKs only)."""
    name = filled(job, text(job.output, b"Object"))
    return element(b"DocWatermarkResult", element(b"ObjectName", name)) if name else b""
