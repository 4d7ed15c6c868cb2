"""The conformance suite: drive a target over HTTP, keep a transcript, judge it, report."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ciq_conformance.api import judge_run_file, run_suite

__all__ = ["judge_run_file", "run_suite"]


def __getattr__(name: str) -> object:
    # Looked up at first use: the suite needs the extra `suite`, and `ciq --help` does not.
    if name in __all__:
        from ciq_conformance import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
