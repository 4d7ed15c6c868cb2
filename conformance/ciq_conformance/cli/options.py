"""Options shared by several commands, and the profile built from them."""

from pathlib import Path
from typing import Annotated

import typer

from ciq_conformance.profile_loading import Loaded, ProfileError, load_profile
from ciq_schemas.transcript.records import ExitCode

Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="URL",
        help="Target: http://HOST:PORT, https://HOST/PREFIX. Without one: the embedded mock. [CIQ_TARGET]",
    ),
]
ProfileFile = Annotated[
    Path | None,
    typer.Option("--profile", metavar="FILE", help="Target profile. Default: ciq.toml if present. [CIQ_PROFILE]"),
]
Bucket = Annotated[str | None, typer.Option("--bucket", metavar="NAME", help="Bucket, as NAME-APPID. [CIQ_BUCKET]")]
Region = Annotated[str | None, typer.Option("--region", metavar="NAME", help="Region of the bucket. [CIQ_REGION]")]
Features = Annotated[
    list[str] | None,
    typer.Option("--feature", metavar="NAME", help="Feature, or all; may be repeated. Default: media, speech, doc."),
]
CallbackBind = Annotated[
    str | None,
    typer.Option("--callback-bind", metavar="HOST:PORT", help="Where the callback receiver listens."),
]
CallbackUrl = Annotated[
    str | None,
    typer.Option(
        "--callback-url", metavar="URL", help="Receiver's address as the target sees it; several with commas."
    ),
]
CaFile = Annotated[
    str | None,
    typer.Option("--ca-file", metavar="FILE", help="Certificates to trust at an https:// target. [CIQ_CA_FILE]"),
]
TimeoutFactor = Annotated[
    float | None, typer.Option("--timeout-factor", metavar="FACTOR", help="Multiplies every timeout (0.1 to 100).")
]
RestartCommand = Annotated[
    str | None,
    typer.Option("--restart-command", metavar="CMD", help="Restarts the target; --explore then includes restarts."),
]

SummaryFile = Annotated[
    Path | None, typer.Option("--summary", metavar="FILE", help="Write the summary as Markdown there.")
]
Baseline = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="FILE", help="Known deviations, one item a line; stale entries fail the run."),
]
KnownFlaky = Annotated[
    Path | None,
    typer.Option("--known-flaky", metavar="FILE", help="Deviations that come and go; these entries are never stale."),
]
BadgeFile = Annotated[Path | None, typer.Option("--badge", metavar="FILE", help="Write a badge (SVG) there.")]


def loaded_profile(
    *,
    profile: Path | None,
    target: str | None,
    bucket: str | None,
    region: str | None,
    features: list[str] | None,
    callback_bind: str | None,
    callback_url: str | None,
    ca_file: str | None,
    timeout_factor: float | None,
    restart_command: str | None = None,
) -> Loaded:
    """Returns the effective profile; exits with code 2 and prints every error when it is wrong."""
    given = {
        "url": ("--target", target),
        "bucket": ("--bucket", bucket),
        "region": ("--region", region),
        "features": ("--feature", features or None),
        "callback_bind": ("--callback-bind", callback_bind),
        "callback_url": ("--callback-url", callback_url),
        "ca_file": ("--ca-file", ca_file),
        "timeout_factor": ("--timeout-factor", timeout_factor),
        "restart_command": ("--restart-command", restart_command),
    }
    flags = {name: (flag, value) for name, (flag, value) in given.items() if value is not None}
    try:
        loaded = load_profile(path=profile, flags=flags)
    except ProfileError as error:
        for problem in error.problems:
            typer.echo(f"profile: {problem}", err=True)
        raise typer.Exit(ExitCode.USAGE) from error
    for remark in loaded.remarks:
        typer.echo(f"note: {remark}", err=True)
    return loaded


def usage(message: str) -> typer.Exit:
    """Prints the usage error and returns the exit to raise."""
    typer.echo(message, err=True)
    return typer.Exit(ExitCode.USAGE)
