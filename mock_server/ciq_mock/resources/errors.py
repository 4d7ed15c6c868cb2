"""What registers raise. Must not know error codes of the service."""


class ResourceError(Exception):
    """Base of all."""


class UnknownTemplateError(ResourceError):
    """The bucket has no template of that id."""


class NameTakenError(ResourceError):
    """Another template of the same bucket and tag has the name."""


class TooManyError(ResourceError):
    """The bucket holds as many entries as it may."""


class UnknownTableError(ResourceError):
    """The bucket has no table of hot words of that id."""


class CapacityFixedError(ResourceError):
    """The bucket's library has another capacity, which “cannot be modified after being set” (1045/43516)."""
