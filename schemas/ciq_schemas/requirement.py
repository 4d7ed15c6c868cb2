"""The requirement registry: what a service must do, sentence by sentence, with the clause that says so.

Knows the data and its own rules (validated when loaded). Must not know how a requirement is tested:
the suite registers one check per id and says so if one is missing.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from ciq_schemas.features import FEATURES, Feature
from ciq_schemas.run import Level


class Footing(StrEnum):
    """What a requirement stands on. Only a documented one may be a MUST."""

    DOCUMENTED = "documented"
    SDK = "sdk"
    INFERRED = "inferred"


class Format(StrEnum):
    """Form of a callback body."""

    XML = "xml"
    JSON = "json"


class Scenario(StrEnum):
    """The stories that the driver plays; EVERY stands for whatever was exchanged in any of them."""

    ACTIVATION = "activation"
    QUEUES = "queues"
    UPDATE = "update"
    SUBMIT = "submit"
    MULTI = "multi"
    DESCRIBE = "describe"
    LIST = "list"
    CANCEL = "cancel"
    ORDER = "order"
    LATE = "late"
    RUNNING = "running"
    RULE = "rule"
    CALLBACK = "callback"
    FAILURE = "failure"
    RECEIVER = "receiver"
    ERRORS = "errors"
    ISOLATION = "isolation"
    DEACTIVATION = "deactivation"
    EVERY = "*"


class Capability(StrEnum):
    """What a target may or may not offer; declared in the profile as true, false or unknown."""

    DEACTIVATE = "deactivate"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """Where it is written: document (`product/number`), section, date of the copy, a quote of a few words."""

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
    footing: Footing
    clauses: tuple[Clause, ...]
    features: tuple[Feature, ...]
    formats: tuple[Format, ...] = ()
    scenario: Scenario
    capabilities: tuple[Capability, ...] = ()
    set: str = "core"
    untested: str = ""
    """Why no check exists; empty when there is one."""

    @property
    def clause(self) -> str:
        """The clauses as one line of text."""
        return "; ".join(str(clause) for clause in self.clauses)


class RegistryError(ValueError):
    """The registry contradicts its own rules: our mistake, found when it is loaded."""


_ID = re.compile(r"[A-Z]{3}-\d{3}")


@dataclass(frozen=True, slots=True)
class Registry:
    """All requirements by id, in the order of the files."""

    by_id: Mapping[str, Requirement] = field(default_factory=dict)

    def __iter__(self) -> "Iterable[Requirement]":  # type: ignore[override]
        return iter(self.by_id.values())


@cache
def load_registry() -> Registry:
    """Read and validate the registry that ships with the kit."""
    raise NotImplementedError
