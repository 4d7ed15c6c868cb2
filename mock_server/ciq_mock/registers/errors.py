"""What registers raise. Must not know error codes of the service."""


class RegisterError(Exception):
    """Base of all."""


class UnknownTemplateError(RegisterError):
    """The bucket has no template of that id."""


class NameTakenError(RegisterError):
    """Another template of the same bucket and tag has the name."""


class TooManyError(RegisterError):
    """The bucket holds as many entries as it may."""


class UnknownTableError(RegisterError):
    """The bucket has no table of hot words of that id."""


class CapacityFixedError(RegisterError):
    """The bucket's library has another capacity, which “cannot be modified after being set” (1045/43516)."""
