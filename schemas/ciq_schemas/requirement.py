"""Loads the requirement registry: what a service must do, sentence by sentence, each with its clauses.

Validates the data when it loads them. Must not know how a requirement is tested: the suite registers one check per id
and reports a missing one.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache, cached_property
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType

import msgspec

from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.suggestions import nearest
from ciq_schemas.transcript.records import Level


class Basis(StrEnum):
    """Source of a requirement. Only a documented requirement may be a MUST."""

    DOCUMENTED = "documented"
    SDK = "sdk"
    INFERRED = "inferred"


class Format(StrEnum):
    """Form of a callback body."""

    XML = "xml"
    JSON = "json"


class Capability(StrEnum):
    """A part of the service that a target may lack; the profile declares it as true, false or unknown."""

    DEACTIVATE = "deactivate"
    SIGNATURE = "signature"
    TEMPLATES = "templates"
    BINDING = "binding"
    WORKFLOW = "workflow"
    BATCH = "batch"

    @property
    def tried(self) -> bool:
        """Whether the suite sends requests to find an undeclared capability out: a rejection is then no failure."""
        return self in (Capability.WORKFLOW, Capability.BATCH, Capability.TEMPLATES, Capability.BINDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """Source of a requirement: document (`product/number`), section, date of the copy, a quote of a few words."""

    document: str
    section: str = ""
    date: str = ""
    quote: str = ""

    def __str__(self) -> str:
        section = f", {self.section}" if self.section else ""
        date = f" ({self.date})" if self.date else ""
        quote = f": “{self.quote}”" if self.quote else ""
        return f"{self.document}{section}{date}{quote}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One testable sentence."""

    id: str
    level: Level
    title: str
    statement: str
    basis: Basis
    clauses: tuple[Clause, ...]
    features: tuple[Feature, ...]
    formats: tuple[Format, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    set: str = "core"
    """Which runs judge it: every run judges `core`. A request (`--area`, an id) or a run over all features adds the
    others, except those of `BY_OPTION`, which need their option, and of `BY_COMMAND`, which need their command."""
    untested: str = ""
    """Why no check exists; empty when one exists."""
    area: str = ""
    """Name of its registry file, such as `pause` or `callback_rule`."""

    @property
    def clause(self) -> str:
        """The clauses as one line of text."""
        return "; ".join(str(clause) for clause in self.clauses)


class RegistryError(ValueError):
    """The registry breaks its own rules: an error of the kit, found when the registry is loaded."""


class UnknownRequirementError(LookupError):
    """No requirement has the id or matches the pattern: an error of the operator. Names the nearest id."""


_ID = re.compile(r"[A-Z]{3}-\d{3}")
CORE = "core"
"""The set that every run judges; other sets need a request or a run over all features."""
BY_OPTION = frozenset({"explore", "fuzz"})
"""Sets that only their own option adds (`--explore N`, `--fuzz SECONDS`), not even a run over all features."""
RECEIVER = "receiver"
"""The set of requirements on callback receivers, which only `ciq receiver` judges."""
BY_COMMAND = frozenset({RECEIVER})
"""Sets that another command than `ciq run` judges, because their target is no service."""
_SETS = frozenset({CORE, "workflow", "templates"}) | BY_OPTION | BY_COMMAND
_KEYS = frozenset(field.name for field in fields(Requirement)) - {"area"}
_CLAUSE_KEYS = frozenset(field.name for field in fields(Clause))
_LONGEST_QUOTE = 12


@dataclass(frozen=True)
class Registry:
    """All requirements by id, in the order of the files."""

    by_id: Mapping[str, Requirement] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Requirement]:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)

    @cached_property
    def areas(self) -> tuple[str, ...]:
        """Names of the areas, in the order of the files."""
        return tuple(dict.fromkeys(requirement.area for requirement in self))

    def get(self, requirement_id: str) -> Requirement:
        """Returns the requirement of an id, upper or lower case; raises UnknownRequirementError with the nearest id."""
        try:
            return self.by_id[requirement_id.upper()]
        except KeyError:
            raise UnknownRequirementError(
                f"no requirement is called {requirement_id!r}{self._hint(requirement_id)}"
            ) from None

    def select(
        self,
        globs: Iterable[str] = (),
        *,
        levels: Iterable[Level] = (),
        features: Iterable[Feature] = (),
        areas: Iterable[str] = (),
    ) -> tuple[Requirement, ...]:
        """Returns the requirements that match every given criterion, in order; an empty criterion matches all.

        A glob (`PAU-*`, `*-001`) that matches no id, or an unknown area, raises UnknownRequirementError: a misspelt
        filter must not look like a run without findings.
        """
        patterns = tuple(glob.upper() for glob in globs)
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in self.by_id):
                raise UnknownRequirementError(f"no requirement matches {pattern!r}{self._hint(pattern)}")
        wanted_areas = frozenset(areas)
        for area in wanted_areas - set(self.areas):
            near = nearest(area, self.areas)
            hint = f"did you mean {near}?" if near else f"known are {', '.join(self.areas)}"
            raise UnknownRequirementError(f"no area is called {area!r}: {hint}")
        wanted_levels, wanted_features = frozenset(levels), frozenset(features)
        return tuple(
            requirement
            for requirement in self
            if (not patterns or any(fnmatchcase(requirement.id, pattern) for pattern in patterns))
            and (not wanted_levels or requirement.level in wanted_levels)
            and (not wanted_features or not wanted_features.isdisjoint(requirement.features))
            and (not wanted_areas or requirement.area in wanted_areas)
        )

    def nearest(self, requirement_id: str) -> str:
        """Returns the id most similar to a misspelt one: its letters decide first, then its number; or empty."""
        letters, _, number = requirement_id.upper().partition("-")
        families = {name.partition("-")[0] for name in self.by_id}
        family = letters if letters in families else nearest(letters, families)
        if not family:
            return ""
        if not number:
            return f"{family}-*"
        members = [name for name in self.by_id if name.startswith(f"{family}-")]
        return nearest(f"{family}-{number}", members) or members[0]

    def _hint(self, requirement_id: str) -> str:
        if requirement_id.lower() in self.areas:
            return f": {requirement_id.lower()} is an area, use `--area {requirement_id.lower()}`"
        near = self.nearest(requirement_id)
        return f": did you mean {near}?" if near else "; `ciq requirements` lists them all"


@cache
def load_registry() -> Registry:
    """Reads and validates the shipped registry."""
    folder = files("ciq_schemas") / "requirements"
    sources = {
        entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    }
    return parse_registry(sources)


def parse_registry(sources: Mapping[str, str]) -> Registry:
    """Builds a registry from TOML texts by area name; raises RegistryError at the first broken rule."""
    by_id: dict[str, Requirement] = {}
    for area, text in sources.items():
        document = tomllib.loads(text)
        _known(area, document, frozenset({"requirement"}))
        for number, row in enumerate(document.get("requirement", ()), start=1):
            requirement = _requirement(f"{area}.toml, requirement {number} ({row.get('id', 'no id')})", row, area)
            if requirement.id in by_id:
                raise RegistryError(f"{requirement.id} is in {by_id[requirement.id].area} and in {area}")
            by_id[requirement.id] = requirement
    return Registry(MappingProxyType(by_id))


def set_version() -> str:
    """Returns a short hash of the registry for the header of a run: equal hashes mean equal requirements."""
    content = msgspec.json.encode(list(load_registry()), order="sorted")
    return sha256(content).hexdigest()[:12]


def _known(where: str, row: Mapping[str, object], keys: frozenset[str]) -> None:
    for key in row.keys() - keys:
        near = get_close_matches(key, keys, n=1)
        raise RegistryError(f"{where}: unknown key {key!r}{f', did you mean {near[0]}?' if near else ''}")


def _requirement(where: str, row: dict[str, object], area: str) -> Requirement:
    _known(where, row, _KEYS)
    clauses = row.get("clauses", [])
    if isinstance(clauses, list):
        for clause in clauses:
            _known(f"{where}, clause", clause, _CLAUSE_KEYS)
    try:
        requirement = msgspec.convert({**row, "area": area}, Requirement)
    except msgspec.ValidationError as error:
        raise RegistryError(f"{where}: {error}") from error
    for broken in _broken_rules(requirement):
        raise RegistryError(f"{where}: {broken}")
    return requirement


def _broken_rules(requirement: Requirement) -> Iterator[str]:
    if not _ID.fullmatch(requirement.id):
        yield "an id has three capitals, a dash and three digits"
    if not requirement.title or not requirement.statement:
        yield "title and statement must not be empty"
    if requirement.level is Level.MUST and requirement.basis is not Basis.DOCUMENTED:
        yield f"a MUST needs the basis documented; its basis is {requirement.basis}"
    if not requirement.clauses:
        yield "no clause: name its source, or what it was inferred from"
    if not requirement.features:
        yield "no feature: no run would judge it"
    for name, values in (("features", requirement.features), ("formats", requirement.formats)):
        if len(set(values)) != len(values):
            yield f"{name} has a duplicate"
    if list(requirement.features) != [feature for feature in FEATURES if feature in requirement.features]:
        yield "features are not in the order of the feature table"
    if requirement.set not in _SETS:
        yield f"unknown set {requirement.set!r}, known are {', '.join(sorted(_SETS))}"
    for clause in requirement.clauses:
        if not re.fullmatch(r"\d+/\d+", clause.document):
            yield f"a document has the form product/number, not {clause.document!r}"
        if clause.date and not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", clause.date):
            yield f"a date has the form YYYY-MM-DD, not {clause.date!r}"
        if len(clause.quote.split()) > _LONGEST_QUOTE:
            yield f"a quote has at most {_LONGEST_QUOTE} words"
