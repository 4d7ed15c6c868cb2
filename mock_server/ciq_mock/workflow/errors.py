"""The base class of the errors of workflows and batch jobs."""


class WorkflowError(Exception):
    """A command is refused; nothing has changed. The message says why."""
