"""Inputs whose key is odd: letters of another script, a blank, and what an address would write in another way.

A target that looks for the input may refuse such a job, or let it fail: nobody has uploaded the object.
"""

from ciq_conformance.driver.requests import JobRequest

OTHER_FOLDER = "文件 夹/a+b%20&c/"


def in_other_script(order: JobRequest) -> JobRequest:
    """The order with an input of that kind, in the folder of the one that it has."""
    folder, slash, file = order.input_object.rpartition("/")
    return order.with_(input_object=f"{folder}{slash}{OTHER_FOLDER}{file}")
