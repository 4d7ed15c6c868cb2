"""The errors of a journal. Each message says why the journal cannot be used and what to do."""

from ciq_mock.store import StoreError


class JournalError(StoreError):
    """The journal cannot be used."""


class JournalInUseError(JournalError):
    """Another mock uses the same directory."""


class NewerFormatError(JournalError):
    """The journal was written by a later version of the kit."""


class DamagedJournalError(JournalError):
    """The file is not a journal, or its content is damaged."""


class JournalWriteError(JournalError):
    """The last commit failed as a whole."""
