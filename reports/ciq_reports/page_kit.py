"""Provides what all HTML pages of the kit share: template environment, filters, style and script.

Knows jinja2 and the files in `page/`. Must not know records. Autoescape is on; the filters that return markup escape
first and add only their own tags.
"""

import re
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from ciq_reports.sanitize import one_line, sanitize
from ciq_reports.scenario_runs import ALL_EXCHANGES

_LONGEST_TEXT = 4_000
_DOCUMENT = re.compile(r"\b(1045|436|460)/(\d{4,6})\b")
_SITES = {
    "1045": "https://www.tencentcloud.com/document/product/1045/",
    "436": "https://www.tencentcloud.com/document/product/436/",
    "460": "https://cloud.tencent.com/document/product/460/",
}
_CODE = re.compile(r"`([^`]+)`")


def style_sheet() -> tuple[Markup, str]:
    """Returns the style sheet and its hash for the page's content security policy."""
    return _own("report.css")


def script() -> tuple[Markup, str]:
    """Returns the report's script and its hash for the page's content security policy."""
    return _own("report.js")


def anchor(text: str) -> str:
    """Returns a name for an element: letters, digits and dashes."""
    return re.sub(r"[^A-Za-z0-9-]", "-", text)


def _own(name: str) -> tuple[Markup, str]:
    text = _asset(name)
    return Markup(text), _hash(text)  # noqa: S704 - a file of this package


def _asset(name: str) -> str:
    return (files("ciq_reports") / "page" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode("utf-8")).digest()).decode("ascii")


def page_environment() -> Environment:
    """Returns the templates of `page/` with autoescape and the filters for text of any origin."""
    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(_asset),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = _plain
    environment.filters["line"] = one_line
    environment.filters["clause"] = _clause
    environment.filters["step"] = _step
    environment.filters["anchor"] = anchor
    environment.globals["ALL_EXCHANGES"] = ALL_EXCHANGES
    return environment


def _plain(text: str) -> str:
    """Returns text of any origin, bounded and without control characters; the template escapes it."""
    shown = sanitize(text)
    if len(shown) > _LONGEST_TEXT:
        return f"{shown[:_LONGEST_TEXT]}… ({len(shown)} characters, cut here)"
    return shown


def _clause(text: str) -> Markup:
    """Returns a clause with its documents as links; the page loads nothing from them."""
    linked = _DOCUMENT.sub(
        lambda found: f'<a href="{_SITES[found[1]]}{found[2]}" rel="noreferrer noopener">{found[0]}</a>',
        str(escape(_plain(text))),
    )
    return Markup(linked)  # noqa: S704 - escaped above


def _step(text: str) -> Markup:
    """Returns a sentence of the kit with its `commands` as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(_plain(text)))))  # noqa: S704 - escaped
