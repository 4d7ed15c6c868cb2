"""`ciq mock` and `python -m ciq_mock`: options to settings, one line when ready, a clean end on SIGTERM or SIGINT.

Keys come from the environment only (CIQ_SECRET_ID, CIQ_SECRET_KEY, CIQ_TOKEN): a command line is seen by others.
"""

import gc
import os
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from ciq_mock.clock import ClockKind
from ciq_mock.http.serving import AddressInUseError
from ciq_mock.server import MockServer
from ciq_mock.settings import (
    DEFAULT_BUCKET,
    DEFAULT_REGION,
    Credentials,
    DeliverySettings,
    MockSettings,
    ObjectSettings,
    SettingError,
    UnknownInput,
)
from ciq_schemas.features import Feature

USAGE_ERROR = 2
_MIB = 1024 * 1024


def mock(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 0,
    workers: Annotated[int, typer.Option(help="Jobs of one queue that run at the same time.", min=1)] = 10,
    duration: Annotated[float, typer.Option(help="Seconds a job runs.", min=0.0)] = 0.1,
    max_size: Annotated[int, typer.Option(help="Jobs of one queue that may wait.", min=1)] = 10_000,
    records: Annotated[
        int, typer.Option(help="Ended jobs that are remembered; the oldest go first.", min=1)
    ] = 1_000_000,
    speed_queue: Annotated[
        bool, typer.Option("--speed-queue", help="Media has its second queue, for accelerated transcoding.")
    ] = False,
    signatures: Annotated[
        bool, typer.Option("--signatures", help="Check signatures by CIQ_SECRET_ID, CIQ_SECRET_KEY and CIQ_TOKEN.")
    ] = False,
    clock: Annotated[
        str, typer.Option(help="real, scaled:FACTOR, skipping, or stepped (moves by /_ciq/clock/advance only).")
    ] = "real",
    activated: Annotated[
        str, typer.Option(help="Features the default bucket has from the start, with commas, or none.")
    ] = "none",
    default_bucket: Annotated[str, typer.Option(help="Bucket meant when Host names none.")] = DEFAULT_BUCKET,
    default_region: Annotated[str, typer.Option(help="Region meant when Host names none.")] = DEFAULT_REGION,
    retries: Annotated[
        str, typer.Option(help="Seconds before each further attempt of a callback, with commas, or none.")
    ] = "1,5",
    unknown_inputs: Annotated[
        UnknownInput, typer.Option(help="Jobs whose input nobody has uploaded: run them, let them fail, refuse them.")
    ] = UnknownInput.ACCEPT,
    object_mib: Annotated[int, typer.Option(help="Largest object that can be uploaded, in MiB.", min=1)] = 16,
    store_mib: Annotated[int, typer.Option(help="All uploaded objects together, in MiB.", min=1)] = 128,
) -> None:
    """Run the reference mock until SIGTERM or Ctrl-C.

    Prints one line when it answers: ciq mock ready on http://HOST:PORT

    Any Host is taken: BUCKET.ci.REGION.myqcloud.com as the service has it, or this address for the default bucket.
    Objects: BUCKET.cos.REGION.myqcloud.com/KEY, or /_objects/BUCKET/KEY here. To look in and steer: /_ciq/.
    Jobs whose input begins with missing/ end Failed. More in docs/mock.md.
    """
    try:
        kind, factor = _clock(clock)
        settings = MockSettings(
            workers=workers,
            duration=duration,
            max_size=max_size,
            records=records,
            speed_queue=speed_queue,
            credentials=_credentials() if signatures else (),
            bucket=default_bucket,
            region=default_region,
            activated=_features(activated),
            clock=kind,
            clock_factor=factor,
            delivery=DeliverySettings(retry_after=_seconds(retries)),
            objects=ObjectSettings(largest=object_mib * _MIB, total=store_mib * _MIB, unknown_input=unknown_inputs),
        )
        run(MockServer(settings, host=host, port=port))
    except (SettingError, AddressInUseError) as error:
        typer.echo(f"ciq mock: {error}", err=True)
        raise typer.Exit(USAGE_ERROR) from None


def run(server: MockServer) -> None:
    """Run a server in the foreground; returns when SIGTERM or SIGINT asked it to end. Raises AddressInUseError."""
    ends = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # threads inherit it: only sigwait sees the signal
    try:
        with server:
            _expect_long_lives()
            typer.echo(f"ciq mock ready on {server.url}")
            sys.stdout.flush()
            signal.sigwait(ends)
        while signal.sigpending() & ends:
            signal.sigwait(ends)  # asked twice: the end is under way already
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _expect_long_lives() -> None:
    """Look for garbage seldom: what a mock makes are jobs, which stay; a tenth of a submit went into looking."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of `python -m ciq_mock`."""
    app = typer.Typer(add_completion=False)
    app.command()(mock)
    app(args=None if arguments is None else list(arguments), prog_name="ciq mock")


def _clock(text: str) -> tuple[ClockKind, float]:
    word, colon, number = text.partition(":")
    try:
        kind = ClockKind(word)
        factor = float(number) if colon else 1.0
    except ValueError:
        kinds = ", ".join(kind if kind is not ClockKind.SCALED else "scaled:FACTOR" for kind in ClockKind)
        raise SettingError(f"--clock is {text!r}, but must be one of {kinds}") from None
    if (kind is ClockKind.SCALED) is not bool(colon):
        raise SettingError(f"--clock is {text!r}: a factor belongs to scaled and to nothing else (scaled:10)")
    return kind, factor


def _features(text: str) -> tuple[Feature, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if names == ["none"]:
        return ()
    if names == ["all"]:
        return tuple(Feature)
    known = tuple(Feature)
    for name in names:
        if name not in known:
            raise SettingError(f"--activated names {name!r}, but must be out of {', '.join(known)}, all or none")
    return tuple(Feature(name) for name in names)


def _seconds(text: str) -> tuple[float, ...]:
    if text == "none":
        return ()
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise SettingError(f"--retries is {text!r}, but must be seconds with commas, or none") from None


def _credentials() -> tuple[Credentials, ...]:
    secret_id = os.environ.get("CIQ_SECRET_ID", "")
    secret_key = os.environ.get("CIQ_SECRET_KEY", "")
    if not (secret_id and secret_key):
        raise SettingError("--signatures needs CIQ_SECRET_ID and CIQ_SECRET_KEY in the environment")
    token = os.environ.get("CIQ_TOKEN", "")
    return (Credentials(secret_id=secret_id, secret_key=secret_key, token=token),)
