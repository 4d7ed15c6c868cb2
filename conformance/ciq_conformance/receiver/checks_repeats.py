"""Judges repeated, simultaneous, late and interrupted callbacks by their responses and effects."""

from ciq_conformance.judge.evidence import Evidence
from ciq_conformance.judge.finding import Finding, Kind, inconclusive
from ciq_conformance.judge.registry import Item, check
from ciq_conformance.receiver.observed import accepted, effects, offered_workflow
from ciq_conformance.receiver.steps import REPEATS, Repeat


def _both(evidence: Evidence, *steps: Repeat) -> Finding:
    """Judges that the callbacks of these steps are accepted, and then that each job is counted once."""
    first = accepted(evidence, REPEATS, *steps)
    return effects(evidence, REPEATS, steps) if first.kind is Kind.HOLDS else first


@check("RCV-040", REPEATS)
def repeated_callback_is_accepted(evidence: Evidence, item: Item) -> Finding:
    """Equal callbacks get 2xx, in turn, later and at once."""
    return accepted(evidence, REPEATS, Repeat.TWICE, Repeat.TWICE_AT_ONCE, Repeat.REPEATED_LATE)


@check("RCV-041", REPEATS)
def repeated_callback_has_one_effect(evidence: Evidence, item: Item) -> Finding:
    """The job of two equal callbacks is counted once."""
    return effects(evidence, REPEATS, [Repeat.TWICE])


@check("RCV-042", REPEATS)
def equal_callbacks_at_once_have_one_effect(evidence: Evidence, item: Item) -> Finding:
    """The job of equal simultaneous callbacks is counted once."""
    return effects(evidence, REPEATS, [Repeat.TWICE_AT_ONCE])


@check("RCV-043", REPEATS)
def two_callbacks_at_once_have_their_effects(evidence: Evidence, item: Item) -> Finding:
    """Simultaneous callbacks of two jobs get 2xx, and each job is counted once."""
    return _both(evidence, Repeat.TWO_AT_ONCE)


@check("RCV-044", REPEATS)
def order_does_not_matter(evidence: Evidence, item: Item) -> Finding:
    """Callbacks in the reverse order of their jobs get 2xx, and each job is counted once."""
    return _both(evidence, Repeat.OUT_OF_ORDER)


@check("RCV-045", REPEATS)
def run_may_arrive_first(evidence: Evidence, item: Item) -> Finding:
    """WorkflowFinish and the later TaskFinish get 2xx, and the job is counted once."""
    return offered_workflow(evidence) or _both(evidence, Repeat.RUN_FIRST)


@check("RCV-046", REPEATS)
def late_callback_has_its_effect(evidence: Evidence, item: Item) -> Finding:
    """The callback of a job that ended two days ago gets 2xx, and the job is counted once."""
    return _both(evidence, Repeat.LATE)


@check("RCV-047", REPEATS)
def burst_loses_nothing(evidence: Evidence, item: Item) -> Finding:
    """Every callback of the burst gets 2xx, and each job is counted once."""
    return _both(evidence, Repeat.BURST)


@check("RCV-048", REPEATS)
def broken_callback_can_be_repeated(evidence: Evidence, item: Item) -> Finding:
    """The whole callback after the broken one gets 2xx, and its job is counted once."""
    return _both(evidence, Repeat.AFTER_CUT)


@check("RCV-049", REPEATS)
def callback_with_lost_response_can_be_repeated(evidence: Evidence, item: Item) -> Finding:
    """The second callback gets 2xx, and its job is counted once."""
    return _both(evidence, Repeat.AFTER_LEFT)


@check("RCV-050", REPEATS)
def repetition_after_many_others_has_one_effect(evidence: Evidence, item: Item) -> Finding:
    """The job of a callback that is repeated at the end of the scenario is counted once."""
    if accepted(evidence, REPEATS, Repeat.EARLY).kind is Kind.DEVIATES:
        return inconclusive("the receiver did not accept the first callback, so nothing was repeated")
    return effects(evidence, REPEATS, [Repeat.REPEATED_LATE])
