"""Edits of XML documents: an edit changes a parsed document in place.

Paths are those of `Element.iterfind`, relative to the root. Must not know any fault or dialect.
"""

from collections.abc import Callable

from lxml import etree

from ciq_mock.service.call import Answer
from ciq_schemas.xml_parser import parse

Tree = etree._Element
Edit = Callable[[Tree], None]
ChangeText = Callable[[str], str]


def put(path: str, text: str | ChangeText) -> Edit:
    """Sets the text of every element at the path."""

    def edit(root: Tree) -> None:
        for element in list(root.iterfind(path)):
            element.text = text if isinstance(text, str) else text(element.text or "")

    return edit


def drop(path: str) -> Edit:
    """Removes every element at the path."""

    def edit(root: Tree) -> None:
        for element in list(root.iterfind(path)):
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)

    return edit


def add(path: str, name: str, text: str) -> Edit:
    """Appends an element to each element at the path."""

    def edit(root: Tree) -> None:
        for element in list(root.iterfind(path)):
            etree.SubElement(element, name).text = text

    return edit


def where(path: str, text: str, then: Edit) -> Edit:
    """Edits each child of the root that has this text at the path."""

    def edit(root: Tree) -> None:
        for child in list(root):
            if child.findtext(path) == text:
                then(child)

    return edit


def each_job(then: Edit, *, most: int | None = None) -> Edit:
    """Edits each job, or the first `most` jobs."""

    def edit(root: Tree) -> None:
        for job in list(root.iterfind("JobsDetail"))[:most]:
            then(job)

    return edit


def to_bytes(root: Tree) -> bytes:
    """Returns the document with an XML declaration."""
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def edited_body(body: bytes, edit: Edit) -> bytes:
    """Returns an edited document."""
    root = parse(body)
    edit(root)
    return to_bytes(root)


def edited_answer(answer: Answer, edit: Edit) -> Answer:
    """Returns the answer with an edited body and the same status."""
    return Answer(edited_body(answer.body, edit), answer.status)
