"""`ciq doctor`: is the target wired? Asked apart from whether it conforms."""

import typer
from rich.console import Console

from ciq_conformance.cli import options
from ciq_conformance.cli.extras import need_suite
from ciq_schemas.transcript.records import ExitCode

_SIGNS = {True: "ok  ", False: "FAIL", None: "note"}
_STYLES = {True: "green", False: "bold red", None: "yellow"}


def doctor(
    target: options.Target = None,
    profile: options.ProfileFile = None,
    feature: options.Features = None,
    bucket: options.Bucket = None,
    region: options.Region = None,
    callback_bind: options.CallbackBind = None,
    callback_url: options.CallbackUrl = None,
    timeout_factor: options.TimeoutFactor = None,
) -> None:
    """Say whether a run could work: the way there, the way back, signature, clock, activation, one job per feature.

    Says first what it is going to do. Leaves the queues as they were found.

    Exit codes: 0 all well; 1 the target answers but something a run needs does not work; 2 wrong usage or profile;
    3 target or callback path not reachable; 4
    the doctor itself failed.
    """
    need_suite("doctor")
    from ciq_conformance.runner.doctor import INTENT, examine
    from ciq_conformance.runner.execution import RunConfigError

    loaded = options.loaded_profile(
        profile=profile,
        target=target,
        bucket=bucket,
        region=region,
        features=feature,
        callback_bind=callback_bind,
        callback_url=callback_url,
        timeout_factor=timeout_factor,
    )
    console = Console(highlight=False)
    console.print("Effective profile", style="bold")
    for setting in loaded.settings:
        table, _, rest = setting.name.partition(".")
        elsewhere = table in ("inputs", "job_path") and rest.partition(".")[0] not in loaded.profile.features
        if setting.value and not elsewhere:
            console.print(f"  {setting.name} = {setting.value} ({setting.origin})", markup=False, soft_wrap=True)
    console.print("What I am going to do", style="bold")
    for number, line in enumerate(INTENT, start=1):
        console.print(f"  {number}. {line}", markup=False, soft_wrap=True)
    console.print("What I found", style="bold")
    try:
        diagnosis = examine(loaded)
    except RunConfigError as error:
        raise options.usage(str(error)) from error
    for sign in diagnosis.signs:
        console.print(f"  {_SIGNS[sign.well]} ", style=_STYLES[sign.well], end="", markup=False)
        console.print(f"{sign.what}: {sign.detail}", markup=False, soft_wrap=True)
    if diagnosis.exit_code is ExitCode.CONFORMS:
        where = f" --target {loaded.profile.url}" if loaded.profile.url else ""
        console.print(f"All well. Next: ciq run{where}", style="bold green", markup=False)
    raise typer.Exit(diagnosis.exit_code)
