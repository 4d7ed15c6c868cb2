"""The contract of Cloud Infinite job queues: the ground floor, which imports nothing else of the kit."""

from importlib.metadata import version as _version

__version__ = _version("ciq-kit")
