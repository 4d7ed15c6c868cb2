"""Labels of the scenario `rule`, used by the scenario and its checks."""

from enum import StrEnum


class Channel(StrEnum):
    """Callback addresses: of the queue's rules, of the last rule, and of the `CallBack` of a job."""

    QUEUE = "queue"
    NEXT = "queue-next"
    JOB = "job"


class Label(StrEnum):
    """Labels of the exchanges; each group is a rule with the submits under it."""

    RULE_DEFAULT = "rule-on-no-format"
    SUBMIT_OWN_JSON = "submit-with-own-address-and-json"
    SUBMIT_CALLBACK_NO = "submit-with-callback-no"
    SUBMIT_PLAIN = "submit-plain"

    RULE_JSON = "rule-on-json"
    SUBMIT_OWN_XML = "submit-with-own-address-and-xml-under-json"
    SUBMIT_UNDER_JSON = "submit-plain-under-json"

    RULE_BOTH = "rule-on-workflowfinish-and-taskfinish"
    RULE_BOTH_AS_DOCUMENTED = "rule-on-taskfinish-and-workflowfinish"
    SUBMIT_UNDER_BOTH = "submit-plain-under-both-events"

    RULE_MESSAGE_QUEUE = "rule-on-tdmq"
    SUBMIT_UNDER_MESSAGE_QUEUE = "submit-plain-under-tdmq"

    RULE_WORKFLOW = "rule-on-workflowfinish-only"
    SUBMIT_UNDER_WORKFLOW = "submit-plain-under-workflowfinish"

    RULE_OFF = "rule-off"
    SUBMIT_UNDER_OFF = "submit-plain-under-off"
    SUBMIT_OWN_UNDER_OFF = "submit-with-own-address-under-off"

    RULE_XML = "rule-on-xml"
    SUBMIT_UNDER_XML = "submit-plain-under-xml"
    """The last submit: its callback proves that the target still sends callbacks."""

    LOOK = "look"
    RESTORE = "restore"


LOOKS = (Label.LOOK,)
