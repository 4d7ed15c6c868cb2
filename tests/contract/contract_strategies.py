"""Random valid canonical mappings of any document, made from the XSD tables.

Hypothesis draws the seed and a pseudo-random generator makes the rest: drawing each character would take minutes.
"""

from random import Random

from hypothesis import strategies as st

from ciq_schemas.codec import Document
from ciq_schemas.xsd_tables import ContainerType, IdsType, OpenType, TextType, Type

_TEXTS = (
    "", "0", "1", "2", "17", "x", "-", "On", "Active", "Url", "TaskFinish", "TaskFinish,WorkflowFinish", "a b", "a-b_*",
    "队列-1", "<", "&amp;", "a>b&c<d", '"quoted" \'twice\'', "]]>", "in/片 7.mp4", "\N{GRINNING FACE}", "${Number}",
    "2026-01-02T03:04:05+0800", "2026-01-02 03:04:05+08:00", "2026-01-02T03:04:05.123Z", "http://h/cb?a=1&b=2",
)  # fmt: skip
_WITH_SPACE = (" a", "a ", "a  b", "\ta\n", "a\rb", " ", "\u3000")


@st.composite
def mappings(draw: st.DrawFn, document: Document) -> dict[str, object]:
    """Valid mappings of a document."""
    return container(Random(draw(st.integers(0, 2**32))), document.table.content)


def container(random: Random, kind: ContainerType) -> dict[str, object]:
    """Required elements, some of the others and one of each choice, in any order."""
    optional = [row.name for row in kind.fields if not row.required and not row.rivals]
    chosen = set(random.sample(optional, k=random.randint(0, min(4, len(optional)))))
    for rivals in dict.fromkeys(row.rivals for row in kind.fields if row.rivals):
        if any(kind.by_name[name].required for name in rivals) or random.random() < 0.7:
            chosen.add(random.choice(rivals))
    rows = [row for row in kind.fields if row.name in chosen or (row.required and not row.rivals)]
    random.shuffle(rows)
    return {
        row.name: [content(random, row.type) for _ in range(random.randint(1, min(row.most or 3, 3)))]
        if row.repeated
        else content(random, row.type)
        for row in rows
    }


def content(random: Random, kind: Type) -> object:
    """A value of a type in canonical form."""
    match kind:
        case TextType():
            pool = (*_TEXTS, *kind.choices) if kind.collapse else _TEXTS + _WITH_SPACE
            return random.choice([word for word in pool if kind.accepts(word)])
        case OpenType():
            return _open(random, depth=3)
        case IdsType():
            word = random.choice(("", "pA", "p<B"))
            return word if random.random() < 0.5 else {kind.member: [word, "pC"]}
        case ContainerType():
            return container(random, kind)


def _open(random: Random, depth: int) -> object:
    """Open content in canonical form: no list of one, no empty container."""
    if depth == 0 or random.random() < 0.4:
        return random.choice(_TEXTS + _WITH_SPACE)
    names = random.sample(("Mode", "Start", "Text", "x-y", "_a", "B.c"), k=random.randint(1, 3))
    return {
        name: [_open(random, depth - 1) for _ in range(2)] if random.random() < 0.3 else _open(random, depth - 1)
        for name in names
    }
