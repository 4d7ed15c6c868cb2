"""The contract of Cloud Infinite job queues: the ground floor, which imports nothing else of the kit."""

__version__: str


def __getattr__(name: str) -> str:
    # Looked up when asked for: importlib.metadata would be half of the mock's import time.
    if name == "__version__":
        from importlib.metadata import version

        return version("ciq-kit")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
