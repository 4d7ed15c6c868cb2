"""Finds out whether callbacks can reach the receiver, or whether the target sends none.

Without a callback on any feature both are possible. The path is proven when receiver and target share the loopback
interface, or when a request of the suite to the public address arrives.
"""

import ipaddress
from collections.abc import Sequence

import requests

from ciq_conformance.driver.client import host_of
from ciq_conformance.driver.probe import Readiness
from ciq_conformance.driver.run_context import RunContext

_SELF = "self.check"
_WITHIN = 5.0


def is_loopback(url: str) -> bool:
    """Returns whether the host of a URL is `localhost` or a loopback address."""
    host = host_of(url)
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def callback_trouble(run: RunContext, ready: Sequence[Readiness]) -> str:
    """Returns why callbacks cannot arrive and what to do; empty when one arrived or the path is proven."""
    expecting = [one for one in ready if one.callback_rule_accepted and not one.blocked_by]
    if not expecting or any(one.calibration.callback_latency is not None for one in expecting):
        return ""
    if run.receiver.arrivals():  # a callback that the suite cannot match to a job proves the path
        return ""
    address = run.receiver.base_url
    if run.profile.callback_url:
        trouble = self_check(run)
        return trouble and (
            f"no callback reached {address}, and neither did a request from this machine ({trouble}); "
            "callback_url must lead to the receiver at "
            f"{run.receiver.listens_at}"
        )
    if is_loopback(run.profile.url) and is_loopback(address):
        return ""
    if is_loopback(address):
        return (
            f"no callback reached the receiver: it listens at {address}, "
            f"which {host_of(run.profile.url)} cannot reach; "
            "set callback_bind (0.0.0.0:PORT) and callback_url (the address as the target sees it)"
        )
    return f"no callback reached the receiver at {address}; allow the target to connect to it, or set callback_url"


def self_check(run: RunContext) -> str:
    """Sends a request to each public address of the receiver; returns why one did not arrive, empty when all did."""
    path = f"/cb/{run.receiver.address(_SELF).rpartition('/cb/')[2]}"
    urls = run.receiver.base_urls
    for base in urls:
        trouble = _check_address(run, f"{base}{path}")
        if trouble:
            return trouble if len(urls) == 1 else f"{base}: {trouble}"
    return ""


def _check_address(run: RunContext, address: str) -> str:
    """Sends a request to one address; returns why it did not arrive."""
    before = len(run.receiver.arrivals(_SELF))
    session = requests.Session()
    session.trust_env = False
    try:
        session.post(address, data=b"", timeout=_WITHIN, allow_redirects=False)
    except requests.RequestException as error:
        return type(error).__name__
    finally:
        session.close()
    arrived = run.receiver.wait(lambda: len(run.receiver.arrivals(_SELF)) > before, _WITHIN)
    return "" if arrived else "answered by something else"
