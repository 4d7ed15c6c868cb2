"""`ciq requirements` and `ciq explain`: list the requirements, and explain one with its basis and its test.

Reads the registry, the seed table, and the scenario and check of a requirement. Sends nothing and judges nothing.
"""

import inspect
from collections.abc import Iterable, Sequence
from typing import Annotated

import msgspec
import typer
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ciq_conformance.judge.registry import check_of, scenario_of
from ciq_conformance.registry import load_checks
from ciq_schemas.features import Feature
from ciq_schemas.requirement import (
    BY_COMMAND,
    BY_OPTION,
    Basis,
    Requirement,
    UnknownRequirementError,
    load_registry,
    set_version,
)
from ciq_schemas.seeds import SeedPage, load_seeds
from ciq_schemas.transcript.records import Level

_PIPED_WIDTH = 160
_STYLES = {Level.MUST: "bold red", Level.SHOULD: "yellow", Level.NOTE: "cyan"}
_CONSEQUENCES = {
    Level.MUST: "a deviation fails the run",
    Level.SHOULD: "a deviation is a warning",
    Level.NOTE: "measured, never a failure",
}
_BASES = {
    Basis.DOCUMENTED: "a public document states it",
    Basis.SDK: "only an official SDK shows it, so it cannot be a MUST",
    Basis.INFERRED: "inferred from the documents, so it cannot be a MUST",
}


def requirements(
    globs: Annotated[
        list[str] | None, typer.Argument(metavar="[GLOB]...", help="Ids to show, such as PAU-* or SUB-00?.")
    ] = None,
    level: Annotated[list[Level] | None, typer.Option(help="Only this level; may be repeated.")] = None,
    feature: Annotated[
        list[Feature] | None, typer.Option(help="Only what applies to this feature; may be repeated.")
    ] = None,
    area: Annotated[list[str] | None, typer.Option(help="Only this area, such as pause; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one array.")] = False,
    seeds: Annotated[
        bool, typer.Option("--seeds", help="Show each sentence of the two seed pages with its requirements.")
    ] = False,
) -> None:
    """List the requirements, filtered by id, level, feature and area."""
    console = _console()
    if seeds:
        if globs or level or feature or area:
            raise typer.BadParameter("--seeds shows the whole table: remove the filters")
        pages = load_seeds()
        if as_json:
            _print_json(pages)
        else:
            for page in pages:
                console.print(_seed_table(page))
        return
    try:
        found = load_registry().select(globs or (), levels=level or (), features=feature or (), areas=area or ())
    except UnknownRequirementError as error:
        raise typer.BadParameter(str(error)) from error
    if as_json:
        _print_json(found)
    else:
        console.print(_table(found))


def explain(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids, such as PAU-002.")],
) -> None:
    """Explain a requirement: what it demands, its basis and its test."""
    registry = load_registry()
    try:
        found = [registry.get(name) for name in ids]
    except UnknownRequirementError as error:
        raise typer.BadParameter(str(error)) from error
    load_checks()
    console = _console()
    for requirement in found:
        console.print(_explanation(requirement))


def _console() -> Console:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PIPED_WIDTH)
    return console


def _print_json(value: object) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


def _table(found: Sequence[Requirement]) -> Table:
    counts = ", ".join(f"{sum(r.level is level for r in found)} {level}" for level in Level)
    table = Table(title=f"{len(found)} requirements: {counts}", caption=f"requirement set {set_version()}")
    table.add_column("id", no_wrap=True)
    table.add_column("level", no_wrap=True)
    table.add_column("title", ratio=1)
    table.add_column("features")
    table.add_column("basis", no_wrap=True)
    for requirement in found:
        table.add_row(
            requirement.id,
            Text(requirement.level, style=_STYLES[requirement.level]),
            requirement.title,
            _features(requirement.features),
            requirement.basis,
        )
    return table


def _seed_table(page: SeedPage) -> Table:
    table = Table(title=f"{page.document} “{page.title}” ({page.date})", show_lines=True)
    table.add_column("#", justify="right")
    table.add_column("sentence of the page (paraphrased)", ratio=1)
    table.add_column("leads to", ratio=1)
    for number, sentence in enumerate(page.sentence, start=1):
        leads = [" ".join(sentence.requirements), sentence.reason, sentence.besides]
        says = f"{sentence.says}\n“{sentence.quote}”" if sentence.quote else sentence.says
        table.add_row(str(number), Text(says), Text("\n".join(part for part in leads if part)))
    return table


def _features(features: Iterable[Feature]) -> str:
    listed = list(features)
    return "all" if len(listed) == len(Feature) else ", ".join(listed)


def _explanation(requirement: Requirement) -> Panel:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(ratio=1)
    facts.add_row("demands", Text(requirement.statement))
    facts.add_row("level", f"{requirement.level}: {_CONSEQUENCES[requirement.level]}")
    facts.add_row("basis", f"{requirement.basis}: {_BASES[requirement.basis]}")
    facts.add_row("clauses", Group(*(Text(str(clause)) for clause in requirement.clauses)))
    facts.add_row("features", _features(requirement.features))
    if requirement.formats:
        facts.add_row("formats", ", ".join(requirement.formats))
    if requirement.capabilities:
        facts.add_row("only with", ", ".join(requirement.capabilities) + " declared in the profile")
    if requirement.set in BY_OPTION:
        facts.add_row("judged with", f"`ciq run --{requirement.set}`")
    if requirement.set in BY_COMMAND:
        facts.add_row("judged with", f"`ciq {requirement.set} URL`")
    facts.add_row("tested by", Text(_how_tested(requirement)))
    return Panel(facts, title=f"{requirement.id} · {requirement.title}", title_align="left")


def _how_tested(requirement: Requirement) -> str:
    if requirement.untested:
        return f"no check: {requirement.untested}"
    check, scenario = check_of(requirement.id), scenario_of(requirement.id)
    if check is None or scenario is None:
        return "no check, which is a defect of the kit: please report it"
    scenario_text = f"Scenario `{scenario}`: {scenario.title}" if scenario.runs else scenario.title
    return f"{scenario_text}\n{_sentence(check.__doc__)} ({check.__module__})"


def _sentence(doc: str | None) -> str:
    return " ".join(inspect.cleandoc(doc or "").partition("\n\n")[0].split())
