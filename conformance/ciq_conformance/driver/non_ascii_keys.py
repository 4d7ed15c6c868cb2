"""Input keys with non-ASCII letters, a space, and characters that a URL must escape.

A target that checks the input may reject such a job or let it fail, because the object does not exist.
"""

from ciq_conformance.driver.requests import JobRequest

OTHER_FOLDER = "文件 夹/a+b%20&c/"


def in_other_script(order: JobRequest) -> JobRequest:
    """Returns the request with such a key, below the folder of its own input."""
    folder, slash, file = order.input_object.rpartition("/")
    return order.with_(input_object=f"{folder}{slash}{OTHER_FOLDER}{file}")
