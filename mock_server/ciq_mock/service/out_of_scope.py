"""What the service has and the mock leaves out, so that a refusal can say so instead of "no such path".

docs/out-of-scope.md shows the same table. Must not know HTTP.
"""

from collections.abc import Mapping
from types import MappingProxyType

AUDITING = "content moderation (auditing)"

LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {
        "/image/auditing": AUDITING,
        "/video/auditing": AUDITING,
        "/audio/auditing": AUDITING,
        "/text/auditing": AUDITING,
        "/document/auditing": AUDITING,
        "/webpage/auditing": AUDITING,
        "/live/auditing": AUDITING,
        "/virus/detect": "virus detection",
        "/dataset": "MetaInsight data sets",
        "/datasetquery": "MetaInsight data sets",
        "/datasetsearch": "MetaInsight data sets",
        "/datasetbinding": "MetaInsight data sets",
        "/datasetbindings": "MetaInsight data sets",
        "/datasets": "MetaInsight data sets",
        "/filemeta": "MetaInsight data sets",
        "/posterproduction/template": "templates of poster production",
        "/dnadb": "libraries of video fingerprints",
        "/cisnapshot": "a frame as the answer to a POST: use GET with ci-process=snapshot",
        "/avinfo": "the older form of POST /mediainfo",
    }
)
"""What a path belongs to; the path may be followed by an id."""


def left_out(path: str) -> str | None:
    """Return what a path belongs to when the mock leaves it out, None for any other path."""
    known = LEFT_OUT.get(path)
    return LEFT_OUT.get(path.rpartition("/")[0]) if known is None else known
