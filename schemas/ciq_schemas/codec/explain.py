"""Explains why a document is not valid: compares the tree with the tables and reports path, expected and found.

The XSD validator decides; this module only describes its decision. A property test checks that the two agree.
"""

from collections.abc import Iterator
from itertools import islice

from lxml import etree

from ciq_schemas.codec.documents import Problem, ProblemKind
from ciq_schemas.codec.tree import SPACE, line_of, text_of
from ciq_schemas.xsd_tables import ContainerType, DocumentTable, Field, IdsType, OpenType, TextType

_MOST = 100
_LONGEST_QUOTE = 60


def explain(root: etree._Element, table: DocumentTable) -> tuple[Problem, ...]:
    """Returns the first hundred problems of a tree, in document order; never empty for an invalid tree."""
    if root.tag != table.root:
        return (wrong_root(root, table),)
    found = tuple(islice(_container(root, table.content, f"/{table.root}"), _MOST))
    return found or tuple(_validator_message(root, table))


def wrong_root(root: etree._Element, table: DocumentTable) -> Problem:
    """Returns the problem of a document with another root element."""
    return Problem(
        kind=ProblemKind.ROOT,
        path="/",
        line=line_of(root),
        expected=f"root element {table.root}",
        found=str(root.tag),
    )


def quote(text: str) -> str:
    """Returns found text for a message, cut when it is long."""
    if not text:
        return "nothing"
    if len(text) > _LONGEST_QUOTE:
        return f"{text[:_LONGEST_QUOTE]!r} and {len(text) - _LONGEST_QUOTE} more characters"
    return repr(text)


def _problem(kind: ProblemKind, element: etree._Element, path: str, expected: str, found: str) -> Problem:
    return Problem(kind=kind, path=path, line=line_of(element), expected=expected, found=found)


def _attributes(element: etree._Element, path: str) -> Iterator[Problem]:
    """Yields a problem for each attribute: the schema has none. Callers skip open content."""
    for name in map(str, element.attrib):
        yield _problem(ProblemKind.UNEXPECTED, element, f"{path}/@{name}", "no attribute", f"attribute {name}")


def _namespaces(element: etree._Element, path: str) -> Iterator[Problem]:
    """Yields a problem for each namespace: no document declares one, also not in open content (see `reading`)."""
    parent = element.getparent()
    inherited = {} if parent is None else parent.nsmap
    for prefix, uri in element.nsmap.items():
        if inherited.get(prefix) != uri:
            yield _problem(ProblemKind.UNEXPECTED, element, path, "no namespace", f"namespace {uri}")


def _container(element: etree._Element, content: ContainerType, path: str) -> Iterator[Problem]:
    yield from _attributes(element, path)
    yield from _namespaces(element, path)
    stray = "".join([element.text or "", *(child.tail or "" for child in element)]).strip(SPACE)
    if stray:
        yield _problem(ProblemKind.STRUCTURE, element, path, "elements only", f"text {quote(stray)} between them")
    counts: dict[str, int] = {}
    last = -1
    last_name = ""
    for child in element:
        name = str(child.tag)
        field = content.by_name.get(name)
        if field is None:
            yield _problem(
                ProblemKind.UNEXPECTED, child, f"{path}/{name}", "an element of the schema", f"element {name}"
            )
            continue
        counts[name] = counts.get(name, 0) + 1
        place = f"{path}/{name}[{counts[name]}]" if field.repeated else f"{path}/{name}"
        if field.position < last:
            yield _problem(ProblemKind.ORDER, child, place, f"{name} before {last_name}", f"{name} after {last_name}")
        else:
            last, last_name = field.position, name
        if field.most is not None and counts[name] == field.most + 1:
            yield _problem(ProblemKind.TOO_MANY, child, place, f"at most {field.most} {name}", f"{name} once more")
        rival = next((r for r in field.rivals if r != name and r in counts), None)
        if rival is not None and counts[name] == 1:
            yield _problem(ProblemKind.UNEXPECTED, child, place, f"{rival} alone", f"{name} beside it")
        yield from _field(child, field, place)
    for fields in content.missing(counts):
        names = " or ".join(item.name for item in fields)
        yield _problem(ProblemKind.MISSING, element, f"{path}/{fields[0].name}", names, "no such element")


def _field(element: etree._Element, field: Field, path: str) -> Iterator[Problem]:
    kind = field.type
    if isinstance(kind, ContainerType):
        yield from _container(element, kind, path)
        return
    yield from _attributes(element, path)
    for inner in element.iter():
        yield from _namespaces(inner, path if inner is element else f"{path}//{inner.tag}")
    if isinstance(kind, OpenType):
        return
    if isinstance(kind, IdsType):
        for child in element:
            if child.tag != kind.member:
                yield _problem(
                    ProblemKind.UNEXPECTED, child, f"{path}/{child.tag}", kind.member, f"element {child.tag}"
                )
                continue
            yield from _attributes(child, f"{path}/{child.tag}")
            if len(child):
                yield _elements_in_text(child, f"{path}/{child.tag}")
        return
    if len(element):
        yield _elements_in_text(element, path)
        return
    text = text_of(element, kind)
    if not kind.accepts(text):
        yield _problem(ProblemKind.VALUE, element, path, kind.expected, _found(text, kind))


def _found(text: str, kind: TextType) -> str:
    if kind.max_length is not None and len(text) > kind.max_length:
        return f"{len(text)} characters"
    return quote(text)


def _elements_in_text(element: etree._Element, path: str) -> Problem:
    return _problem(ProblemKind.STRUCTURE, element, path, "text without elements", f"element {element[0].tag} inside")


def _validator_message(root: etree._Element, table: DocumentTable) -> Iterator[Problem]:
    """Yields libxml2's own message, for problems that the tables cannot describe."""
    try:
        table.schema.assertValid(root)
    except etree.DocumentInvalid as error:
        yield _problem(ProblemKind.STRUCTURE, root, f"/{table.root}", f"a valid {table.name}", str(error.args[0]))
