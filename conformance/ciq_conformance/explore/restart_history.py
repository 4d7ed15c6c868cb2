"""Builds the one fixed history: a restart while the target holds everything that a restart may lose. Pure.

A random history restarts the target only by chance with waiting jobs, a paused queue and a callback rule. This history
runs on each target that can be restarted, for any number of histories and any seed.
"""

from ciq_conformance.areas.explore.labels import Rule
from ciq_conformance.explore.history import Command, History, Op
from ciq_schemas.features import FeatureSpec

MOST_WAITING = 24
_OTHER_JOBS = 3
"""Other jobs: one that ends before the pause, and those submitted after the restart."""
_JOBS_PER_WORKER = 3
"""Waiting jobs for each worker: some must still wait when the first have started."""


def restart_history(spec: FeatureSpec, *, workers: int, job_limit: int) -> History:
    """Pause with a rule, levels and a cancelled job, restart, submit again, and observe the order of starts.

    `job_limit` is the most jobs that a history may have on the target.
    """
    waiting = max(3, min(_JOBS_PER_WORKER * workers, MOST_WAITING, job_limit - _OTHER_JOBS))
    levels: tuple[int | None, ...] = (0,) * (waiting - 1) + (1,)
    if not spec.has_job_level:
        levels = (None,) * waiting
    later = levels[:1] * 2
    cancel = (Command(Op.CANCEL, pick=1),) if spec.cancel_documented else ()
    return (
        Command(Op.SUBMIT, levels[:1]),
        Command(Op.RULE, rule=Rule.SECOND),
        Command(Op.PAUSE),
        Command(Op.SUBMIT, levels),
        *cancel,
        Command(Op.RESTART),
        Command(Op.SUBMIT, later),
        Command(Op.FREEZE),
        Command(Op.FREEZE),
    )
