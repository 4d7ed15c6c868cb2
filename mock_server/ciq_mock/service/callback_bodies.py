"""`CallbackBodies`: builds the body of the callback of a job or of a workflow run."""

from ciq_mock.callback_rule import BodyFormat
from ciq_mock.engine import Job
from ciq_mock.service import job_documents, workflow_documents
from ciq_mock.service.job_documents import Results
from ciq_mock.workflow import Run


class CallbackBodies:
    """Returns the body for a job or run, in XML or JSON."""

    def __init__(self, results: Results, *, workflow_root: bool) -> None:
        """`workflow_root`: WorkflowFinish in XML has the root Response."""
        self._results = results
        self._workflow_root = workflow_root

    def __call__(self, subject: Job | Run, form: BodyFormat) -> bytes:
        """Return the body for one job or run."""
        if isinstance(subject, Run):
            return workflow_documents.callback_body(subject, form, root=self._workflow_root)
        return job_documents.callback_body(subject, form, results=self._results)
