"""docs/profile.md agrees with the loading of profiles: keys, variables, defaults, example."""

import re
from pathlib import Path

import pytest
from sources import ROOT

from ciq_conformance.profile_loading import load_profile
from ciq_schemas.features import Feature
from ciq_schemas.transcript.records import Setting

PAGE = (ROOT / "docs" / "profile.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([^`]+)` \| (?:`([^`]+)`)? *\| (.*?) *\| (.+) \|$", PAGE, re.MULTILINE)
VARIABLES = {variable: key for key, variable, _, _ in ROWS if variable}
VALUES = {
    "CIQ_TARGET": "http://127.0.0.1:9",
    "CIQ_HOST": "h",
    "CIQ_SECOND_BUCKET": "y",
    "CIQ_REGION_HOST": "h",
    "CIQ_FEATURES": "doc",
    "CIQ_CALLBACK_BIND": "127.0.0.1:9",
    "CIQ_CALLBACK_URL": "http://127.0.0.1:9",
    "CIQ_TIMEOUT_FACTOR": "2",
    "CIQ_DEACTIVATE": "true",
    "CIQ_SIGNATURE": "true",
    "CIQ_WORKFLOW": "true",
    "CIQ_BATCH": "true",
    "CIQ_TEMPLATES": "true",
    "CIQ_BINDING": "true",
    "CIQ_SIGNED_PREFIX": "true",
}


def generic(name: str) -> str:
    """The setting as the page writes it, e.g. for `inputs.media.tag`."""
    return re.sub(rf"\.({'|'.join(Feature)})(?=\.|$)", ".FEATURE", name)


def settings(env: dict[str, str], directory: Path) -> dict[str, Setting]:
    """Effective settings by name."""
    loaded = load_profile(env=env, directory=directory)
    assert not loaded.remarks
    return {setting.name: setting for setting in loaded.settings}


def test_profile_page_lists_every_key_once(tmp_path: Path) -> None:
    """The table has exactly the keys of a profile."""
    listed = [key for key, _, _, _ in ROWS]
    assert len(set(listed)) == len(listed)
    assert set(listed) == {generic(name) for name in settings({}, tmp_path)}


def test_profile_variable_sets_key_of_its_row(tmp_path: Path) -> None:
    """The kit has no other variable."""
    env = {variable: VALUES.get(variable, "x") for variable in VARIABLES}
    origins = {s.origin: s.name for s in settings(env, tmp_path).values() if s.origin.startswith("environment ")}
    assert origins == {f"environment {variable}": key for variable, key in VARIABLES.items()}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\bCIQ_\w+", readme)) <= VARIABLES.keys()


def test_profile_page_defaults_equal_effective_defaults(tmp_path: Path) -> None:
    """They are the values without flags, variables and file."""
    effective = settings({}, tmp_path)
    for key, _, default, _ in ROWS:
        if quoted := re.fullmatch(r"`(.+)`", default):
            assert effective[key].value == quoted.group(1), key


def test_profile_example_sets_every_key(tmp_path: Path) -> None:
    """The loader accepts the example."""
    (example,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "ciq.toml").write_text(example, encoding="utf-8")
    read = {s.name for s in settings({}, tmp_path).values() if s.origin.endswith("ciq.toml")}
    assert {generic(name) for name in read} == {key for key, _, _, _ in ROWS}


def test_ciq_profile_variable_names_the_file(tmp_path: Path) -> None:
    """A file that does not exist is an error."""
    elsewhere = tmp_path / "mine.toml"
    elsewhere.write_text('region = "ap-test"\n', encoding="utf-8")
    env = {"CIQ_PROFILE": str(elsewhere)}
    assert settings(env, tmp_path)["region"].value == "ap-test"
    elsewhere.unlink()
    with pytest.raises(ValueError, match=r"mine\.toml"):
        settings(env, tmp_path)
