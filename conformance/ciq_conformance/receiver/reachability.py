"""Decides before a run whether the address is a receiver that can be tested at all. Sends one documented callback."""

from ciq_conformance.receiver.counting import times_counted
from ciq_conformance.receiver.wire import Answer

_REDIRECTS = range(300, 400)


def trouble_of(answer: Answer, url: str) -> str:
    """Returns why the receiver cannot be tested, with the next step; empty when it can."""
    if answer.refused:
        return f"cannot connect to {url} ({answer.error}): is the receiver running, and is this its address?"
    if not answer.status:
        return f"the receiver at {url} accepts the connection, but its response cannot be used: {answer.error}"
    if answer.status in _REDIRECTS:
        place = next((value for name, value in answer.headers if name.lower() == "location"), "another address")
        return (
            f"{url} redirects the callback (HTTP {answer.status}) to {place[:200]}: no document says that the service "
            "follows redirects; give the final address"
        )
    return ""


def effect_trouble_of(answer: Answer, place: str) -> str:
    """Returns why the effects cannot be observed, with the next step; empty when the answer is a count."""
    if times_counted(answer.status, answer.body) is not None:
        return ""
    shown = answer.error or f"HTTP {answer.status} {answer.body[:60]!r}"
    return f'cannot observe effects by {place}: expected {{"times": N}} or HTTP 404, got {shown}'
