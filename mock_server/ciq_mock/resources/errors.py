"""The errors of resources. Must not know error codes of the service."""


class ResourceError(Exception):
    """Base class of the errors of resources."""


class UnknownTemplateError(ResourceError):
    """The bucket has no template with that id."""


class NameTakenError(ResourceError):
    """Another template of the same bucket and tag has the name."""


class TooManyError(ResourceError):
    """The bucket has the maximum number of entries."""


class UnknownTableError(ResourceError):
    """The bucket has no table of hot words with that id."""


class CapacityFixedError(ResourceError):
    """The bucket's image library has another capacity, which “cannot be modified after being set” (1045/43516)."""
