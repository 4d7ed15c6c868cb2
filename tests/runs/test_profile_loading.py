"""Tests of the effective profile: precedence, validation, messages, secrets."""

import tomllib
from importlib.resources import files
from pathlib import Path

import jsonschema_rs
import pytest

from ciq_conformance.profile_loading import Loaded, ProfileError, load_profile
from ciq_schemas.features import Feature
from ciq_schemas.requirement import Capability

FULL = """
url = "http://10.1.2.3:8080/"
bucket = "filebucket-1"
features = ["doc", "media"]
timeout_factor = 2
callback_bind = "0.0.0.0:9000"
callback_url = "http://10.9.9.9:9000/hook/"
[credentials]
secret_id = "AKIDfromfile"
secret_key = "keyfromfile"
[capabilities]
deactivate = true
signature = "unknown"
[inputs.media]
good = "in/a.mp4"
tag = "Transcode"
operation = "<Transcode><Container><Format>mp4</Format></Container></Transcode>"
[job_path]
doc = "/doc_jobs"
"""


def load(text: str, tmp_path: Path, env: dict[str, str] | None = None, **flags: tuple[str, object]) -> Loaded:
    """Loads a profile from text."""
    path = tmp_path / "target.toml"
    path.write_text(text, encoding="utf-8")
    return load_profile(path=path, env=env or {}, flags=flags, directory=tmp_path)


def problems(text: str, tmp_path: Path, env: dict[str, str] | None = None, **flags: tuple[str, object]) -> str:
    """Returns the defects of a profile as one text."""
    with pytest.raises(ProfileError) as caught:
        load(text, tmp_path, env, **flags)
    return str(caught.value)


def test_profile_without_settings_is_the_embedded_mock(tmp_path: Path) -> None:
    """Without any setting the profile is that of the embedded mock with the documented defaults."""
    profile = load_profile(env={}, directory=tmp_path).profile
    assert profile.embedded
    assert (profile.bucket, profile.region) == ("examplebucket-1250000000", "ap-chongqing")
    assert profile.features == (Feature.MEDIA, Feature.SPEECH, Feature.DOC)
    assert profile.credentials is None


def test_every_key_of_a_file_is_loaded(tmp_path: Path) -> None:
    """The values of a file reach the profile with their types."""
    profile = load(FULL, tmp_path).profile
    assert (profile.url, profile.embedded) == ("http://10.1.2.3:8080", False)
    assert profile.features == (Feature.DOC, Feature.MEDIA)
    assert profile.timeout_factor == 2.0
    assert profile.callback_url == "http://10.9.9.9:9000/hook"
    assert profile.credentials is not None
    assert profile.credentials.secret_key == "keyfromfile"
    declared = {name: value for name, value in profile.capabilities.items() if value is not None}
    assert declared == {Capability.DEACTIVATE: True}
    assert set(profile.capabilities) == set(Capability)
    assert profile.inputs[Feature.MEDIA].tag == "Transcode"
    assert profile.inputs[Feature.SPEECH].tag == "SpeechRecognition"
    assert profile.job_path == {Feature.DOC: "/doc_jobs"}


def test_published_schema_accepts_a_complete_profile(tmp_path: Path) -> None:
    """A profile with every kind of key satisfies the JSON Schema, which editors use."""
    load(FULL, tmp_path)
    schema = (files("ciq_schemas") / "json_schema" / "profile.json").read_text(encoding="utf-8")
    jsonschema_rs.validator_for(schema).validate(tomllib.loads(FULL))


def test_flag_overrides_environment_overrides_file_overrides_default(tmp_path: Path) -> None:
    """The documented precedence holds, and each value names its source."""
    env = {"CIQ_BUCKET": "envbucket-1", "CIQ_REGION": "ap-env", "CIQ_TARGET": ""}
    loaded = load(FULL, tmp_path, env, bucket=("--bucket", "flagbucket-1"))
    profile, origins = loaded.profile, {setting.name: setting.origin for setting in loaded.settings}
    assert (profile.bucket, profile.region, profile.url) == ("flagbucket-1", "ap-env", "http://10.1.2.3:8080")
    assert origins["bucket"] == "--bucket"
    assert origins["region"] == "environment CIQ_REGION"
    assert origins["url"].endswith("target.toml")
    assert origins["output_prefix"] == "default"


def test_default_file_is_optional_and_a_named_file_is_required(tmp_path: Path) -> None:
    """ciq.toml is read when it exists; a named file must exist."""
    (tmp_path / "ciq.toml").write_text('region = "ap-here"', encoding="utf-8")
    assert load_profile(env={}, directory=tmp_path).profile.region == "ap-here"
    assert load_profile(env={"CIQ_PROFILE": str(tmp_path / "ciq.toml")}).profile.region == "ap-here"
    with pytest.raises(ProfileError, match="cannot read the profile"):
        load_profile(path=tmp_path / "none.toml", env={})


@pytest.mark.parametrize("given", ["all", ["all"]])
def test_all_selects_every_feature(given: object) -> None:
    """`all`, as a flag or in a list, is the six features in the order of the table."""
    loaded = load_profile(env={}, flags={"features": ("--feature", given)})
    assert loaded.profile.features == tuple(Feature)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('bukket = "a"', "unknown key 'bukket', did you mean bucket?"),
        ("[capabilitys]\ndeactivate = true", "did you mean capabilities?"),
        ("[capabilities]\ndeactivation = true", "unknown key capabilities.deactivation, did you mean deactivate?"),
        ('[inputs.medea]\ngood = "a"', "unknown feature inputs.medea, did you mean media?"),
        ('[inputs.media]\ngod = "a"', "unknown key inputs.media.god, did you mean good?"),
        ('features = ["media", "speach"]', "did you mean speech?"),
        ('features = ["media", "media"]', "expected each feature once"),
        ('features = ["media", "all"]', "expected all alone, or the features by name"),
        ('url = "ftp://host"', "expected an address like http://127.0.0.1:8080"),
        ('url = "http://user:pw@host"', "without query or credentials"),
        ('url = "http://host/path?a=1"', "without query or credentials"),
        ('url = "http://host/a b"', "without query or credentials"),
        ('callback_url = "http://a:1,b:2"', "several with commas"),
        ('url = "http://host:99999"', "expected an address"),
        ('bucket = "two words"', "expected letters, digits, dots and dashes"),
        ('host = "{buckit}.example"', "expected no placeholders but {bucket} and {region}"),
        ("timeout_factor = 0", "expected a factor from 0.1 to 100"),
        ("timeout_factor = true", "expected a factor from 0.1 to 100"),
        ("timeout_factor = nan", "expected a factor from 0.1 to 100"),
        ('callback_bind = "127.0.0.1"', "expected HOST:PORT"),
        ('callback_bind = "127.0.0.1:70000"', "expected HOST:PORT"),
        ('callback_bind = "0.0.0.0:9000"', "set callback_url"),
        ('callback_url = "10.0.0.1:80"', "expected an address like"),
        ('[capabilities]\nsignature = "maybe"', "expected true, false or unknown"),
        ('[job_path]\nmedia = "jobs"', "expected a path like /jobs"),
        ('inputs = "a"', "inputs must be a table"),
        ('[credentials]\nsecret_id = "AKIDx"', "secret_key is not"),
        ('[credentials]\ntoken = "tok"', "set all three, or none"),
        ("url = ", "is not TOML"),
    ],
)
def test_wrong_key_or_value_is_named(text: str, message: str, tmp_path: Path) -> None:
    """The message of a wrong key or value states what would be right."""
    assert message in problems(text, tmp_path)


def test_all_defects_are_reported_at_once(tmp_path: Path) -> None:
    """One message lists every defect of a profile."""
    text = problems('bukket = "a"\nurl = "nowhere"\npatience = 1000', tmp_path, {"CIQ_REGION": "a b"})
    assert len(text.splitlines()) == 4


def test_unused_variable_is_noted(tmp_path: Path) -> None:
    """A misspelt variable is not silently ignored."""
    loaded = load_profile(env={"CIQ_BUKET": "x-1"}, directory=tmp_path)
    assert loaded.remarks == ("environment CIQ_BUKET is not used, did you mean CIQ_BUCKET?",)


def test_no_setting_contains_a_secret(tmp_path: Path) -> None:
    """Neither the recorded settings nor a repr nor an error message contains a secret."""
    env = {"CIQ_SECRET_ID": "AKIDverysecret", "CIQ_SECRET_KEY": "topsecretkey", "CIQ_TOKEN": "tokentoken"}
    loaded = load_profile(env=env, directory=tmp_path)
    shown = repr(loaded.settings) + repr(loaded.profile)
    assert "topsecretkey" not in shown
    assert "tokentoken" not in shown
    assert {s.value for s in loaded.settings if s.name.startswith("credentials.")} == {"***"}
    assert "line\nbreak" not in problems("", tmp_path, {"CIQ_SECRET_ID": "AKIDx", "CIQ_SECRET_KEY": "line\nbreak"})
