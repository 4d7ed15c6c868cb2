"""`ciq mock` and `python -m ciq_mock`: run the mock with the given options until SIGTERM or SIGINT.

Keys come from the environment only (CIQ_SECRET_ID, CIQ_SECRET_KEY, CIQ_TOKEN, CIQ_ADMIN_TOKEN): other users can see a
command line.
"""

import argparse
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from ciq_mock.client_environment import print_environment
from ciq_mock.clock import ClockKind
from ciq_mock.http.serving import AddressInUseError
from ciq_mock.server import MockServer
from ciq_mock.settings import (
    DEFAULT_BUCKET,
    DEFAULT_REGION,
    AdminSettings,
    Credentials,
    DeliverySettings,
    MockSettings,
    ObjectSettings,
    SettingError,
    TlsSettings,
    UnknownInput,
)
from ciq_mock.store import StoreError
from ciq_schemas.features import Feature

USAGE_ERROR = 2
_MIB = 1024 * 1024
_CA_VARIABLES = ("CIQ_CA_FILE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def mock() -> None:
    """Run the reference mock until SIGTERM or Ctrl-C."""
    main(sys.argv[2:])


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Entry point of `ciq mock` (which passes its options on) and of `python -m ciq_mock`; ends with SystemExit."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["env"]:
        print_environment(arguments[1:])
    options = option_parser().parse_args(arguments)
    try:
        settings = _settings(options)
        if options.recover or options.compact:
            _maintain(settings, options)
        if options.compact:
            raise SystemExit(0)
        run(
            MockServer(
                settings,
                host=options.host,
                port=options.port,
                data=options.data,
                tls_ca=options.tls_ca,
                tls_key=options.tls_key,
                on_progress=_progress_printer(),
            )
        )
    except (SettingError, AddressInUseError, StoreError) as error:
        sys.stderr.write(f"ciq mock: {error}\n")
        raise SystemExit(USAGE_ERROR) from None
    raise SystemExit(0)


def option_parser() -> argparse.ArgumentParser:
    """Return the parser of the options. It is argparse, because importing typer would double the start-up time."""
    parser = argparse.ArgumentParser(
        prog="ciq mock",
        description="Run the reference mock until SIGTERM or Ctrl-C.\n\n"
        "Prints one line when it answers: ciq mock ready on http://HOST:PORT\n"
        "`ciq mock env --help`: the environment that leads the official SDKs to a mock.",
        epilog="Hosts: BUCKET.ci.REGION.myqcloud.com as in the real service, or this address for the "
        "default bucket.\nObjects: BUCKET.cos.REGION.myqcloud.com/KEY, or /_objects/BUCKET/KEY here.\nOpen /_ciq/ in a "
        "browser: the console with queues, jobs, workflows, callbacks and requests.\n"
        "Jobs whose input key begins with missing/ end Failed. See also docs/mock.md.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "--host",
        default="127.0.0.1",
        help="address to listen on (%(default)s); beyond loopback /_ciq/ needs the token CIQ_ADMIN_TOKEN, or the one "
        "that the mock prints, and callbacks to private addresses are refused",
    )
    add("--port", type=_port, default=0, help="port to listen on; 0, the default, means any free port")
    add("--workers", type=int, default=10, help="jobs of one queue that run at the same time (%(default)s)")
    add("--duration", type=float, default=0.1, help="seconds a job runs (%(default)s)")
    add("--max-size", type=int, default=10_000, help="jobs of one queue that may wait (%(default)s)")
    add("--tls", action="store_true", help="serve HTTPS and CONNECT on the same port; `ciq mock env` helps the clients")
    add(
        "--tls-ca",
        metavar="FILE",
        help="write the certificate of the mock's authority there, and for Java FILE with the ending .p12; "
        "else to a temporary file, which the mock prints",
    )
    add(
        "--tls-key", metavar="FILE", help="keep the authority's key there, so that the next start uses both files again"
    )
    add(
        "--tls-name",
        action="append",
        default=[],
        metavar="NAME",
        help="host name or IP address of the mock, beside the service's hosts, localhost and the loopback addresses",
    )
    add("--data", metavar="DIR", help="directory of the journal, from which a restarted mock restores its state")
    add("--recover", action="store_true", help="first repair a damaged journal: keep what precedes the damage")
    add("--compact", action="store_true", help="compact the journal and exit; a running mock does so by itself")
    add("--records", type=int, default=1_000_000, help="ended jobs that stay on record (%(default)s)")
    add("--speed-queue", action="store_true", help="give media its second queue, for accelerated transcoding")
    add("--signatures", action="store_true", help="check signatures with CIQ_SECRET_ID, CIQ_SECRET_KEY and CIQ_TOKEN")
    add(
        "--clock",
        default="real",
        help="real, scaled:FACTOR, auto-advance (jumps to the next event when idle) "
        "or manual (moves by /_ciq/clock/advance only)",
    )
    add("--activated", default="none", help="active features of the default bucket, comma-separated, or all or none")
    add("--default-bucket", default=DEFAULT_BUCKET, help="bucket of requests whose Host names none (%(default)s)")
    add("--default-region", default=DEFAULT_REGION, help="region of requests whose Host names none (%(default)s)")
    add("--retries", default="1,5", help="seconds before each retry of a callback, comma-separated, or none")
    add(
        "--admin-host",
        action="append",
        default=[],
        metavar="NAME",
        help="host name under which /_ciq/ answers, beside localhost and IP addresses",
    )
    add("--read-only", action="store_true", help="the console and the admin pages show the mock and change nothing")
    add("--forbid-private", action="store_true", help="refuse callbacks to private and link-local addresses")
    add(
        "--callback-net",
        action="append",
        default=[],
        metavar="NETWORK",
        help="allow callbacks to this private network (10.1.0.0/16), although private addresses are refused",
    )
    add(
        "--ca-file",
        metavar="FILE",
        help="certificates to trust at HTTPS receivers of callbacks; default: the file in CIQ_CA_FILE, SSL_CERT_FILE "
        "or REQUESTS_CA_BUNDLE, else those of the machine",
    )
    add(
        "--dialect",
        action="append",
        default=[],
        metavar="NAME",
        help="apply another legal reading; ciq dialects lists them",
    )
    add(
        "--fault", action="append", default=[], metavar="NAME", help="break this rule on purpose; ciq faults lists them"
    )
    add(
        "--unknown-inputs",
        choices=[word.value for word in UnknownInput],
        default=UnknownInput.ACCEPT.value,
        help="jobs whose input was not uploaded: accept them, let them fail, or refuse them (%(default)s)",
    )
    add("--object-mib", type=int, default=16, help="maximum size of one uploaded object, in MiB (%(default)s)")
    add(
        "--store-mib", type=int, default=128, help="maximum size of all uploaded objects together, in MiB (%(default)s)"
    )
    return parser


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 65535")
    return int(text)


def _settings(options: argparse.Namespace) -> MockSettings:
    """Return the settings from the options. Raises SettingError."""
    kind, factor = _clock(options.clock)
    return MockSettings(
        workers=options.workers,
        duration=options.duration,
        max_size=options.max_size,
        records=options.records,
        speed_queue=options.speed_queue,
        credentials=_credentials() if options.signatures else (),
        bucket=options.default_bucket,
        region=options.default_region,
        activated=_features(options.activated),
        clock=kind,
        clock_factor=factor,
        dialects=tuple(options.dialect),
        faults=tuple(options.fault),
        delivery=DeliverySettings(
            retry_after=_seconds(options.retries),
            forbid_private=options.forbid_private or None,
            networks=tuple(options.callback_net),
            ca_file=_ca_file(options.ca_file),
        ),
        tls=TlsSettings(enabled=options.tls, names=tuple(name.lower() for name in options.tls_name)),
        admin=AdminSettings(
            token=os.environ.get("CIQ_ADMIN_TOKEN", ""),
            hosts=tuple(options.admin_host),
            read_only=options.read_only,
        ),
        objects=ObjectSettings(
            largest=options.object_mib * _MIB,
            total=options.store_mib * _MIB,
            unknown_input=UnknownInput(options.unknown_inputs),
        ),
    )


def _ca_file(given: str | None) -> str:
    """Return the file with the certificates to trust at receivers, "" for those of the machine. Raises SettingError."""
    named = {"--ca-file": given} | {name: os.environ.get(name) for name in _CA_VARIABLES}
    for name, path in named.items():
        if path:
            if not Path(path).is_file():
                raise SettingError(f"{name} is {path}, but there is no such file")
            return "" if name == "SSL_CERT_FILE" else path  # OpenSSL reads this variable itself
    return ""


def _maintain(settings: MockSettings, options: argparse.Namespace) -> None:
    """Recover or compact the journal, as wanted. Raises SettingError, StoreError."""
    if options.data is None:
        raise SettingError("--recover and --compact need --data DIR")
    from ciq_mock.journal import maintenance  # loads SQLite only when it is used

    folder = Path(options.data)
    if options.recover:
        sys.stderr.write(f"ciq mock: {maintenance.recover(folder)}\n")
    if options.compact:
        before, after = maintenance.compact(settings, folder)
        sys.stdout.write(f"ciq mock: the journal has {after / _MIB:.1f} MiB, before {before / _MIB:.1f} MiB\n")


def _progress_printer() -> Callable[[float], None]:
    """Return a function that prints the progress of a long start, once a second."""
    last = time.monotonic()

    def show(part: float) -> None:
        nonlocal last
        if time.monotonic() - last >= 1.0:
            last = time.monotonic()
            sys.stderr.write(f"ciq mock: restoring the journal, {part:.0%} done\n")
            sys.stderr.flush()

    return show


def run(server: MockServer) -> None:
    """Run a server in the foreground; returns after SIGTERM or SIGINT. Raises AddressInUseError."""
    ends = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # threads inherit it: only sigwait receives the signal
    try:
        with server:
            _collect_garbage_rarely()
            if server.admin_token != server.settings.admin.token:
                sys.stderr.write(f"ciq mock: admin token for /_ciq/ (set CIQ_ADMIN_TOKEN): {server.admin_token}\n")
                sys.stderr.write(f"ciq mock: console: {server.url}/_ciq/login?token={server.admin_token}\n")
            tls = server.settings.tls.enabled
            sys.stdout.write(f"ciq mock ready on {server.url}" + (f" and {server.https_url}\n" if tls else "\n"))
            if tls:
                sys.stdout.write(f"ciq mock authority: {server.ca_file}\n")
            sys.stdout.flush()
            signal.sigwait(ends)
        while signal.sigpending() & ends:
            signal.sigwait(ends)  # a second signal: the mock is already stopping
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _collect_garbage_rarely() -> None:
    """Collect garbage rarely: most objects of a mock are jobs, which stay; collection took a tenth of each submit."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _clock(text: str) -> tuple[ClockKind, float]:
    word, colon, number = text.partition(":")
    try:
        kind = ClockKind(word)
        factor = float(number) if colon else 1.0
    except ValueError:
        kinds = ", ".join(kind if kind is not ClockKind.SCALED else "scaled:FACTOR" for kind in ClockKind)
        raise SettingError(f"--clock is {text!r}, but must be one of {kinds}") from None
    if (kind is ClockKind.SCALED) is not bool(colon):
        raise SettingError(f"--clock is {text!r}: only scaled has a factor, and it needs one (scaled:10)")
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
            raise SettingError(f"--activated names {name!r}, but must be some of {', '.join(known)}, or all or none")
    return tuple(Feature(name) for name in names)


def _seconds(text: str) -> tuple[float, ...]:
    if text == "none":
        return ()
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise SettingError(f"--retries is {text!r}, but must be comma-separated seconds, or none") from None


def _credentials() -> tuple[Credentials, ...]:
    secret_id = os.environ.get("CIQ_SECRET_ID", "")
    secret_key = os.environ.get("CIQ_SECRET_KEY", "")
    if not (secret_id and secret_key):
        raise SettingError("--signatures needs CIQ_SECRET_ID and CIQ_SECRET_KEY in the environment")
    token = os.environ.get("CIQ_TOKEN", "")
    return (Credentials(secret_id=secret_id, secret_key=secret_key, token=token),)
