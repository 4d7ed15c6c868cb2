"""Labels of the scenario `fuzz`."""

CONTROL = "control"
"""A valid job after all other requests."""
CONTROL_WATCH = "control-watch"
PREPARE = "prepare"
LOOK = "look"
KINDS = ("schema", "mutated", "hostile", "path", "header")
"""First words of the labels of malformed requests; the other words name the defect."""
ADDRESS = "address"
"""Channel whose address replaces the addresses in generated bodies."""
LARGE = 64 * 1024
"""Body size in bytes above which the target may close the connection instead of answering."""


def is_fuzz_request(step: str) -> bool:
    """Whether an exchange sends a malformed request."""
    return step.partition(" ")[0] in KINDS


def is_for_documented_operation(step: str) -> bool:
    """Whether the request is for a documented operation: generated from OpenAPI, or mutated from a valid body."""
    return step.partition(" ")[0] in ("schema", "mutated")
