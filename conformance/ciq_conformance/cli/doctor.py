"""`ciq doctor`: checks the setup of a target before a run. Judges no requirement."""

import typer
from rich.console import Console

from ciq_conformance.cli import options
from ciq_conformance.cli.extras import need_suite
from ciq_schemas.transcript.records import ExitCode

_LABELS = {True: "ok  ", False: "FAIL", None: "note"}
_STYLES = {True: "green", False: "bold red", None: "yellow"}


def doctor(
    target: options.Target = None,
    profile: options.ProfileFile = None,
    feature: options.Features = None,
    bucket: options.Bucket = None,
    region: options.Region = None,
    callback_bind: options.CallbackBind = None,
    callback_url: options.CallbackUrl = None,
    ca_file: options.CaFile = None,
    timeout_factor: options.TimeoutFactor = None,
) -> None:
    """Check the setup: target reachability, callback delivery, signature, clock, activation, one job per feature.

    The command prints its plan first and restores the queues at the end.

    Exit codes: 0 all checks passed; 1 the target responds but a check failed; 2 wrong usage or profile; 3 target or
    callback path not reachable; 4 the command itself failed.
    """
    need_suite("doctor")
    from ciq_conformance.runner.doctor import INTENT, diagnose
    from ciq_conformance.runner.execution import RunConfigError

    loaded = options.loaded_profile(
        profile=profile,
        target=target,
        bucket=bucket,
        region=region,
        features=feature,
        callback_bind=callback_bind,
        callback_url=callback_url,
        ca_file=ca_file,
        timeout_factor=timeout_factor,
    )
    console = Console(highlight=False)
    console.print("Effective profile", style="bold")
    for setting in loaded.settings:
        table, _, rest = setting.name.partition(".")
        unused = table in ("inputs", "job_path") and rest.partition(".")[0] not in loaded.profile.features
        if setting.value and not unused:
            console.print(f"  {setting.name} = {setting.value} ({setting.origin})", markup=False, soft_wrap=True)
    console.print("Planned checks", style="bold")
    for number, line in enumerate(INTENT, start=1):
        console.print(f"  {number}. {line}", markup=False, soft_wrap=True)
    console.print("Results", style="bold")
    try:
        diagnosis = diagnose(loaded)
    except RunConfigError as error:
        raise options.usage(str(error)) from error
    for symptom in diagnosis.symptoms:
        console.print(f"  {_LABELS[symptom.works]} ", style=_STYLES[symptom.works], end="", markup=False)
        console.print(f"{symptom.what}: {symptom.detail}", markup=False, soft_wrap=True)
    if diagnosis.exit_code is ExitCode.CONFORMS:
        where = f" --target {loaded.profile.url}" if loaded.profile.url else ""
        console.print(f"All checks passed. Next: ciq run{where}", style="bold green", markup=False)
    raise typer.Exit(diagnosis.exit_code)
