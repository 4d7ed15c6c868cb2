"""Labels of the scenario `fuzz`."""

CONTROL = "control"
"""A good job after everything else."""
CONTROL_WATCH = "control-watch"
PREPARE = "prepare"
LOOK = "look"
ODD = ("schema", "mutated", "hostile", "path", "header")
"""First words of the labels of odd requests; the rest says what is odd."""
ADDRESS = "address"
"""Channel that takes the place of addresses in drawn bodies."""
LARGE = 64 * 1024
"""Bytes of a body beyond which closing the connection is an answer too."""


def is_odd(step: str) -> bool:
    """The exchange is one of the odd ones."""
    return step.partition(" ")[0] in ODD


def is_drawn(step: str) -> bool:
    """The request is one of a documented operation, drawn from the OpenAPI document or made of a good body."""
    return step.partition(" ")[0] in ("schema", "mutated")
