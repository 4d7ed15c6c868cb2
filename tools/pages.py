"""Pages of the documentation that are rendered from the contract: requirements, seed tables, life cycle, results.

`python -m tools.pages docs` writes them into a folder of documents; a test checks that they are current. The module
uses the contract only, not the suite or the mock.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from ciq_schemas.features import Feature
from ciq_schemas.lifecycle import FINAL_STATES, TRANSITIONS
from ciq_schemas.requirement import Registry, Requirement, load_registry
from ciq_schemas.results import RESULT_CONTAINERS, TAG_RESULTS, MediaParts
from ciq_schemas.seeds import SeedPage, load_seeds
from ciq_schemas.transcript.records import Level

COMMAND = "python -m tools.pages docs"
_NOTICE = f"<!-- Written by `{COMMAND}` from schemas/ciq_schemas; edit there. -->"


def requirements_page(registry: Registry, seeds: Iterable[SeedPage]) -> str:
    """`requirements.md`: every requirement by area, then the seed pages sentence by sentence."""
    counts = ", ".join(f"{sum(r.level is level for r in registry)} {level}" for level in Level)
    lines = [
        "# Requirements",
        "",
        _NOTICE,
        "",
        f"{len(registry)} requirements: {counts}. `ciq explain ID` shows clauses, scenario and check of one.",
        "A MUST needs a public document that says so. Documents are named `product/number`: 1045 and 460 are",
        "Cloud Infinite, 436 is Cloud Object Storage.",
    ]
    for area in registry.areas:
        lines += [
            "",
            f"## {area.replace('_', ' ').capitalize()}",
            "",
            "| id | level | requirement | features | basis and source |",
            "| --- | --- | --- | --- | --- |",
        ]
        lines += [_requirement_row(requirement) for requirement in registry.select(areas=[area])]
    lines += ["", "# Sentences of the seed pages"]
    for page in seeds:
        lines += [
            "",
            f"## {page.document} “{page.title}” ({page.date})",
            "",
            "| # | section | content, in our words | requirements |",
            "| --- | --- | --- | --- |",
        ]
        for number, sentence in enumerate(page.sentence, start=1):
            leads = ", ".join(sentence.requirements) or f"no requirement: {sentence.reason}"
            besides = f". {sentence.besides}" if sentence.besides else ""
            cells = (str(number), sentence.section, sentence.says, leads + besides)
            lines.append(_row(cells))
    return "\n".join(lines) + "\n"


def life_cycle_page() -> str:
    """`life-cycle.md`: the states of a job as a Mermaid diagram."""
    lines = [
        "# Life cycle of a job",
        "",
        _NOTICE,
        "",
        "```mermaid",
        "stateDiagram-v2",
    ]
    lines += [f"    {before or '[*]'} --> {after}: {event}" for (before, event), after in TRANSITIONS.items()]
    lines += [f"    {state} --> [*]" for state in dict.fromkeys(TRANSITIONS.values()) if state in FINAL_STATES]
    lines += [
        "```",
        "",
        "`hold` and `release` follow the queue's state. The documents give two readings of a waiting job in a paused",
        "queue (PAU-003): it shows `Pause` (1045/72940), or it stays `Submitted` (1045/47936).",
        "The source of each transition is beside its row in `schemas/ciq_schemas/lifecycle.py`.",
    ]
    return "\n".join(lines) + "\n"


def results_page() -> str:
    """`results.md`: the result containers of each tag with their sources, and the elements of each container."""
    lines = [
        "# Results of jobs",
        "",
        _NOTICE,
        "",
        "The answer about a successful job shows its result in containers of `Operation`. The table names the",
        "containers of each tag and the documents that show them; a tag that no page describes has the source files of",
        "two official SDKs. The mock writes exactly these containers; SHP-015 compares a target with the same table.",
        "",
        "| tag | container | present | source |",
        "| --- | --- | --- | --- |",
    ]
    for row in TAG_RESULTS.values():
        containers = ", ".join(row.containers) or "none: the result is in the output files"
        sources = "; ".join((*row.pages, *row.sdks))
        lines.append(_row((row.tag, containers, row.condition or "always" if row.containers else "", sources)))
    lines += [
        "",
        "## Elements",
        "",
        "Braces hold the children of an element. The mock fills a selection; the codec accepts further elements.",
        "",
        "| container | documented elements |",
        "| --- | --- |",
    ]
    lines += [_row((row.name, f"`{row.elements}`")) for row in RESULT_CONTAINERS.values()]
    shapes: dict[MediaParts, list[str]] = {}
    for row in TAG_RESULTS.values():
        if "MediaInfo" in row.containers:
            shapes.setdefault(row.media, []).append(row.tag)
    lines += [
        "",
        "## Streams in MediaInfo",
        "",
        "The samples fill different parts of MediaInfo and keep the other parts as empty elements. A file whose name",
        "has the extension of an audio format has no video stream.",
        "",
        "| filled | tags |",
        "| --- | --- |",
    ]
    lines += [_row((parts, ", ".join(tags))) for parts, tags in shapes.items()]
    return "\n".join(lines) + "\n"


def render() -> Mapping[str, str]:
    """All generated pages by file name."""
    return MappingProxyType(
        {
            "requirements.md": requirements_page(load_registry(), load_seeds()),
            "life-cycle.md": life_cycle_page(),
            "results.md": results_page(),
        }
    )


def _requirement_row(requirement: Requirement) -> str:
    every = len(requirement.features) == len(Feature)
    features = "all" if every else ", ".join(requirement.features)
    documents = ", ".join(dict.fromkeys(clause.document for clause in requirement.clauses))
    untested = f" *Not tested: {requirement.untested}.*" if requirement.untested else ""
    return _row(
        (
            requirement.id,
            requirement.level,
            f"**{_escape(requirement.title)}.** {_escape(requirement.statement)}{untested}",
            features,
            f"{requirement.basis}: {documents}",
        )
    )


def _escape(text: str) -> str:
    for character in ("\\", "|", "*", "<", "_"):
        text = text.replace(character, f"\\{character}")
    return text


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str]) -> int:
    """Write the pages into the given folder; return 2 if it does not exist."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write(f"expected the folder of the documents, as in `{COMMAND}`; got {arguments}\n")
        return 2
    for name, text in render().items():
        Path(arguments[0], name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
