"""Results of AI jobs. WordsGeneralize as the public SDKs read it; Translation writes a file (1045/50307)."""

from ciq_mock.results.echo import element
from ciq_mock.results.finished import Finished
from ciq_mock.results.names import file_names


def translated(job: Finished) -> bytes:
    """TranslationResult: the file with the translation."""
    names = file_names(job)
    return element(b"TranslationResult", *(element(b"ObjectName", name) for name in names)) if names else b""


def words(job: Finished) -> bytes:
    """WordsGeneralizeResult: one label, one token."""
    label = element(b"WordsGeneralizeLable", element(b"Category", b"sample"), element(b"Word", b"ok"))
    length, offset = element(b"Length", b"2"), element(b"Offset", b"%d" % job.draw("offset", 0, 99))
    token = element(b"WordsGeneralizeToken", length, offset, element(b"Pos", b"n"), element(b"Word", b"ok"))
    return element(b"WordsGeneralizeResult", label, token)
