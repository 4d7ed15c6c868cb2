"""The checks: pure functions from evidence to a finding, one for each testable requirement.

Each module registers its functions with `judge.registry.check`; `load_checks` imports them all and says what is amiss.
"""

import traceback
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from ciq_conformance.judge.registry import checked_ids
from ciq_schemas.requirement import load_registry


@cache
def load_checks() -> tuple[str, ...]:
    """Import every module of this package; return what is wrong with the set of checks (nothing, in a sound kit).

    A module that cannot be imported, a testable requirement without a check, a check of an unknown or untestable id:
    each is one line. The judge goes on without them, and the items concerned become suite errors.
    """
    problems: list[str] = []
    for module in sorted(iter_modules(__path__), key=lambda module: module.name):
        try:
            import_module(f"{__name__}.{module.name}")
        except Exception:
            problems.append(f"checks/{module.name}.py cannot be imported: {traceback.format_exc()}")
    testable = {requirement.id for requirement in load_registry() if not requirement.untested}
    problems.extend(f"{name} has no check" for name in sorted(testable - checked_ids()))
    problems.extend(
        f"a check is registered for {name}, which is no testable requirement"
        for name in sorted(checked_ids() - testable)
    )
    return tuple(problems)
