"""Labels of the rule scenario, shared by the scenario that leaves them and the checks that look for them."""

from enum import StrEnum


class Channel(StrEnum):
    """Addresses given out: the queue's in its rules, another one in the last, the job's own in `CallBack`."""

    QUEUE = "queue"
    NEXT = "queue-next"
    JOB = "job"


class Label(StrEnum):
    """What is asked of the target; the submits stand below the rule they are made under."""

    RULE_DEFAULT = "rule-on-no-format"
    SUBMIT_OWN_JSON = "submit-with-own-address-and-json"
    SUBMIT_SILENCED = "submit-with-callback-no"
    SUBMIT_PLAIN = "submit-plain"

    RULE_JSON = "rule-on-json"
    SUBMIT_OWN_XML = "submit-with-own-address-and-xml-under-json"
    SUBMIT_UNDER_JSON = "submit-plain-under-json"

    RULE_BOTH = "rule-on-workflowfinish-and-taskfinish"
    RULE_BOTH_AS_SHOWN = "rule-on-taskfinish-and-workflowfinish"
    SUBMIT_UNDER_BOTH = "submit-plain-under-both-events"

    RULE_WORKFLOW = "rule-on-workflowfinish-only"
    SUBMIT_UNDER_WORKFLOW = "submit-plain-under-workflowfinish"

    RULE_OFF = "rule-off"
    SUBMIT_UNDER_OFF = "submit-plain-under-off"
    SUBMIT_OWN_UNDER_OFF = "submit-with-own-address-under-off"

    RULE_XML = "rule-on-xml"
    SUBMIT_UNDER_XML = "submit-plain-under-xml"
    """Last of all: the control that callbacks still come, for the silences before it."""

    LOOK = "look"
    RESTORE = "restore"


LOOKS = (Label.LOOK,)
