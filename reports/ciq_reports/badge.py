"""Makes a badge for a README: one small SVG with the run's result and the share of MUST verdicts that pass."""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from ciq_reports.sanitize import one_line
from ciq_reports.summary import must_share, run_overall
from ciq_reports.transcript import RunView
from ciq_schemas.transcript.records import AnyRecord

LABEL = "CI conformance"
_COLOURS = {"good": "#1a7f46", "bad": "#b9202e", "unsure": "#8a6100"}
_CHARACTER = 6.6
_PAD = 9


def write(records: Sequence[AnyRecord], path: Path) -> None:
    """Writes the badge of a run to `path`; raises RunFileError when `records` contain no header."""
    path.write_text(render(RunView.of(records)), encoding="utf-8")


def render(view: RunView) -> str:
    """Returns the badge as an SVG document."""
    words = run_overall(view)
    passed, judged = must_share(view)
    value = f"{words.word} {passed}/{judged}" if judged else words.word
    left = round(len(LABEL) * _CHARACTER) + 2 * _PAD
    right = round(len(value) * _CHARACTER) + 2 * _PAD
    width = left + right
    title = escape(one_line(f"{LABEL}: {value} MUST verdicts pass" if judged else f"{LABEL}: {value}"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{title}">'
        f"<title>{title}</title>"
        f'<clipPath id="r"><rect width="{width}" height="20" rx="4"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#3d4756"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{_COLOURS[words.tone]}"/></g>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{left / 2}" y="14" textLength="{left - 2 * _PAD}">{escape(LABEL)}</text>'
        f'<text x="{left + right / 2}" y="14" textLength="{right - 2 * _PAD}">{escape(value)}</text></g></svg>\n'
    )
