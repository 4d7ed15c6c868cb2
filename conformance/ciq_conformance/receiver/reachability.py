"""Decides before a run whether the address is a receiver that can be tested at all. Sends one documented callback."""

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
