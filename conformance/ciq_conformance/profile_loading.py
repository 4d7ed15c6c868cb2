"""Builds a `Profile` from ciq.toml, environment and flags; validates every value and records its origin.

Precedence, highest first: flag, environment variable, profile file, default. The file is the one named by `--profile`
or `CIQ_PROFILE`, else `ciq.toml` in the working directory when there is one. An empty variable counts as unset.
Reports all errors at once, each with the nearest valid key. Must not send anything.
"""

import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from ciq_conformance import profile_values as values
from ciq_conformance.profile import Credentials, Profile, Sample, default_samples
from ciq_conformance.profile_values import ValueProblem
from ciq_schemas.features import Feature
from ciq_schemas.requirement import Capability
from ciq_schemas.transcript.records import Setting

DEFAULT_FILE = "ciq.toml"
_MAX_FILE = 256 * 1024
_HIDDEN = "***"


class ProfileError(ValueError):
    """The operator's input is wrong; `problems` contains one sentence for each error."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        """Stores the problems."""
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class _Key:
    parse: Callable[[object], object]
    env: str = ""
    secret: bool = False


_TOP: Mapping[str, _Key] = {
    "url": _Key(values.target_url, "CIQ_TARGET"),
    "signed_prefix": _Key(values.yes_or_no, "CIQ_SIGNED_PREFIX"),
    "bucket": _Key(values.host_label, "CIQ_BUCKET"),
    "second_bucket": _Key(values.optional_host_label, "CIQ_SECOND_BUCKET"),
    "region": _Key(values.host_label, "CIQ_REGION"),
    "host": _Key(values.template({"bucket", "region"}), "CIQ_HOST"),
    "region_host": _Key(values.template({"bucket", "region"}), "CIQ_REGION_HOST"),
    "features": _Key(values.features, "CIQ_FEATURES"),
    "missing_input": _Key(values.template({"run_id"}), "CIQ_MISSING_INPUT"),
    "output_prefix": _Key(values.object_prefix, "CIQ_OUTPUT_PREFIX"),
    "callback_bind": _Key(values.bind_address, "CIQ_CALLBACK_BIND"),
    "callback_url": _Key(values.callback_url, "CIQ_CALLBACK_URL"),
    "ca_file": _Key(values.text, "CIQ_CA_FILE"),
    "timeout_factor": _Key(values.timeout_factor, "CIQ_TIMEOUT_FACTOR"),
    "restart_command": _Key(values.command, "CIQ_RESTART_COMMAND"),
}
_CREDENTIALS: Mapping[str, _Key] = {
    "secret_id": _Key(values.text, "CIQ_SECRET_ID", secret=True),
    "secret_key": _Key(values.text, "CIQ_SECRET_KEY", secret=True),
    "token": _Key(values.text, "CIQ_TOKEN", secret=True),
}
_CAPABILITIES: Mapping[str, _Key] = {
    capability.value: _Key(values.capability, f"CIQ_{capability.value.upper()}") for capability in Capability
}
_INPUT: Mapping[str, _Key] = {
    "tag": _Key(values.text),
    "good": _Key(values.text),
    "operation": _Key(values.xml_part),
    "input_extra": _Key(values.xml_part),
}
_JOB_PATH: Mapping[str, _Key] = {feature.value: _Key(values.absolute_path) for feature in Feature}
_TABLES = ("credentials", "capabilities", "inputs", "job_path")
_OTHER_VARIABLES = frozenset({"CIQ_PROFILE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A profile, the effective values for the record, and remarks for the operator."""

    profile: Profile
    settings: tuple[Setting, ...]
    remarks: tuple[str, ...] = ()


@dataclass(slots=True)
class _Reading:
    """Values by dotted name; the first source that sets a value takes precedence."""

    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    found: dict[str, tuple[object, str]] = field(default_factory=dict)

    def take(self, name: str, key: _Key, value: object, origin: str) -> None:
        """Stores a value unless a source of higher priority set it; records a problem when it is invalid."""
        if name in self.found:
            return
        try:
            parsed = key.parse(value)
        except ValueProblem as problem:
            shown = _HIDDEN if key.secret else repr(value)
            self.problems.append(f"{origin}: {name} is {shown}, expected {problem}")
            parsed = None
        self.found[name] = (parsed, origin)

    def get(self, name: str) -> object | None:
        """Returns the value; None when no source sets it or it was invalid."""
        return self.found.get(name, (None, ""))[0]


def load_profile(
    *,
    path: Path | None = None,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, tuple[str, object]] | None = None,
    directory: Path | None = None,
) -> Loaded:
    """Loads the effective profile; raises ProfileError with all errors at once.

    `flags` maps a dotted name (`bucket`, `credentials.token`) to the flag's own name and value. Without a target the
    profile is that of the embedded mock: `embedded` is true and `url` empty until the mock has started.
    """
    variables = os.environ if env is None else env
    reading = _Reading()
    for name, (flag, value) in (flags or {}).items():
        reading.take(name, _key_of(name), value, flag)
    _read_environment(reading, variables)
    named = path or (Path(variables["CIQ_PROFILE"]) if variables.get("CIQ_PROFILE") else None)
    file = named or (directory or Path()) / DEFAULT_FILE
    if named is not None or file.is_file():
        _read_file(reading, file)
    loaded = _assemble(reading)
    if reading.problems:
        raise ProfileError(tuple(reading.problems))
    return loaded


def _key_of(name: str) -> _Key:
    table, _, key = name.rpartition(".")
    return {"": _TOP, "credentials": _CREDENTIALS, "capabilities": _CAPABILITIES}[table][key]


def _read_environment(reading: _Reading, env: Mapping[str, str]) -> None:
    known = {}
    for prefix, keys in (("", _TOP), ("credentials.", _CREDENTIALS), ("capabilities.", _CAPABILITIES)):
        for name, key in keys.items():
            known[key.env] = (prefix + name, key)
    for variable, value in env.items():
        if variable in known and value:
            name, key = known[variable]
            reading.take(name, key, value, f"environment {variable}")
        elif variable.startswith("CIQ_") and variable not in known and variable not in _OTHER_VARIABLES:
            reading.remarks.append(
                f"environment {variable} is not used{_nearest(variable, (*known, *_OTHER_VARIABLES))}"
            )


def _read_file(reading: _Reading, path: Path) -> None:
    try:
        data = path.read_bytes()
    except OSError as error:
        reading.problems.append(f"cannot read the profile {path}: {error.strerror}")
        return
    if len(data) > _MAX_FILE:
        reading.problems.append(f"{path} has {len(data)} bytes; a profile has at most {_MAX_FILE}")
        return
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reading.problems.append(f"{path} is not TOML: {error}")
        return
    for name, value in document.items():
        if name in _TOP:
            reading.take(name, _TOP[name], value, str(path))
        elif name not in _TABLES:
            reading.problems.append(f"{path}: unknown key {name!r}{_nearest(name, (*_TOP, *_TABLES))}")
        elif not isinstance(value, dict):
            reading.problems.append(f"{path}: {name} must be a table: write it as [{name}]")
        elif name == "inputs":
            _read_inputs(reading, value, path)
        else:
            keys = {"credentials": _CREDENTIALS, "capabilities": _CAPABILITIES, "job_path": _JOB_PATH}[name]
            _read_table(reading, name, value, keys, path)


def _read_inputs(reading: _Reading, table: Mapping[str, object], path: Path) -> None:
    for name, value in table.items():
        if name not in list(Feature):
            reading.problems.append(f"{path}: unknown feature inputs.{name}{_nearest(name, Feature)}")
        elif not isinstance(value, dict):
            reading.problems.append(f"{path}: inputs.{name} must be a table: write it as [inputs.{name}]")
        else:
            _read_table(reading, f"inputs.{name}", value, _INPUT, path)


def _read_table(
    reading: _Reading, prefix: str, table: Mapping[str, object], keys: Mapping[str, _Key], path: Path
) -> None:
    for name, value in table.items():
        if name in keys:
            reading.take(f"{prefix}.{name}", keys[name], value, str(path))
        else:
            reading.problems.append(f"{path}: unknown key {prefix}.{name}{_nearest(name, keys)}")


def _nearest(name: str, known: Iterable[str]) -> str:
    choices = [str(one) for one in known]
    near = get_close_matches(name, choices, n=1, cutoff=0.5)
    return f", did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(choices))}"


def _assemble(reading: _Reading) -> Loaded:
    basis = Profile(url="")
    settings: list[Setting] = []

    def effective(name: str, default: object, *, secret: bool = False) -> object:
        value, origin = reading.found.get(name, (None, ""))
        if value is None:
            value, origin = default, "default"
        shown = (_HIDDEN if value else "") if secret else values.shown(value)
        settings.append(Setting(name=name, value=shown, origin=origin))
        return value

    chosen = {name: effective(name, getattr(basis, name)) for name in _TOP}
    if str(chosen["callback_bind"]).startswith(("0.0.0.0:", "[::]:")) and not chosen["callback_url"]:
        reading.problems.append(
            f"callback_bind is {chosen['callback_bind']}, which is no address to send to: set callback_url to the "
            "receiver's address as the target sees it"
        )
    if chosen["second_bucket"] == chosen["bucket"]:
        reading.problems.append(f"second_bucket is {chosen['bucket']}, which is bucket too: name another one, or none")
    secrets = {name: effective(f"credentials.{name}", "", secret=True) for name in _CREDENTIALS}
    credentials = _credentials(reading, secrets)
    capabilities = {capability: effective(f"capabilities.{capability}", values.UNKNOWN) for capability in Capability}
    inputs = {}
    for feature, sample in default_samples().items():
        parts = {name: effective(f"inputs.{feature}.{name}", getattr(sample, name)) for name in _INPUT}
        inputs[feature] = Sample(**{name: str(part) for name, part in parts.items()})
    job_path = {
        feature: str(path) for feature in Feature if (path := effective(f"job_path.{feature}", "")) is not None and path
    }
    profile = Profile(
        **chosen,  # type: ignore[arg-type]
        credentials=credentials,
        inputs=inputs,
        capabilities={name: values.tristate(value) for name, value in capabilities.items()},
        job_path=job_path,
        embedded=not chosen["url"],
    )
    return Loaded(profile=profile, settings=tuple(settings), remarks=tuple(reading.remarks))


def _credentials(reading: _Reading, secrets: Mapping[str, object]) -> Credentials | None:
    secret_id, secret_key, token = (str(secrets[name] or "") for name in _CREDENTIALS)
    if bool(secret_id) != bool(secret_key):
        given, missing = ("secret_id", "secret_key") if secret_id else ("secret_key", "secret_id")
        origin = reading.found.get(f"credentials.{given}", ("", ""))[1]
        reading.problems.append(
            f"{given} is set ({origin}) but {missing} is not: set both, or none for unsigned requests"
        )
        return None
    if token and not secret_id:
        reading.problems.append("a token is set without secret_id and secret_key: set all three, or none")
        return None
    return Credentials(secret_id=secret_id, secret_key=secret_key, token=token) if secret_id else None
