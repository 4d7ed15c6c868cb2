"""The root of what workflows and batch jobs refuse."""


class WorkflowError(Exception):
    """A command that is refused; nothing has changed. The message says why."""
