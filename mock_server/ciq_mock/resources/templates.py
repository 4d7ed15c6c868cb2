"""Templates: parameters of a tag under an id, by bucket (1045/73037, 1045/73038, 436/77185, 436/75046).

Knows names, tags and the order of creation. Must not know what the parameters mean: they are kept as they came.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ciq_mock.ids import IdSource
from ciq_mock.resources.errors import NameTakenError, TooManyError, UnknownTemplateError

TEMPLATE_LETTER = "t"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One template; times in epoch seconds."""

    id: str
    bucket: str
    tag: str
    name: str
    parts: Mapping[str, object]
    """Elements of the answer that hold the parameters."""
    created: float
    updated: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFilter:
    """What a list asks for; an empty field asks for nothing."""

    tag: str = ""
    ids: tuple[str, ...] = ()
    name_prefix: str = ""

    def admits(self, template: Template) -> bool:
        """Tell whether the template is asked for."""
        return (
            (not self.tag or template.tag == self.tag)
            and (not self.ids or template.id in self.ids)
            and template.name.startswith(self.name_prefix)
        )


class Templates:
    """Templates of all buckets."""

    __slots__ = ("_by_bucket", "_ids")

    def __init__(self, ids: IdSource) -> None:
        self._ids = ids
        self._by_bucket: dict[str, dict[str, Template]] = {}

    def create(
        self, now: float, bucket: str, *, tag: str, name: str, parts: Mapping[str, object], most: int
    ) -> Template:
        """Keep a new template; raise NameTakenError, or TooManyError when the bucket holds `most` already."""
        mine = self._by_bucket.setdefault(bucket, {})
        if len(mine) >= most:
            raise TooManyError(f"{bucket} holds {len(mine)} templates, more are not kept")
        self._need_free_name(bucket, tag, name, but="")
        template = Template(
            id=self._ids(TEMPLATE_LETTER), bucket=bucket, tag=tag, name=name, parts=parts, created=now, updated=now
        )
        mine[template.id] = template
        return template

    def update(
        self, now: float, bucket: str, template_id: str, *, tag: str, name: str, parts: Mapping[str, object]
    ) -> Template:
        """Replace tag, name and parameters; raise UnknownTemplateError or NameTakenError."""
        old = self.get(bucket, template_id)
        self._need_free_name(bucket, tag, name, but=template_id)
        template = replace(old, tag=tag, name=name, parts=parts, updated=now)
        self._by_bucket[bucket][template_id] = template
        return template

    def delete(self, bucket: str, template_id: str) -> None:
        """Forget a template; raise UnknownTemplateError when there is none."""
        self.get(bucket, template_id)
        del self._by_bucket[bucket][template_id]

    def get(self, bucket: str, template_id: str) -> Template:
        """Return a template; raise UnknownTemplateError when the bucket has none of that id."""
        template = self._by_bucket.get(bucket, {}).get(template_id)
        if template is None:
            raise UnknownTemplateError(f"{bucket} has no template {template_id[:80]}")
        return template

    def find(self, bucket: str, wanted: TemplateFilter) -> list[Template]:
        """The bucket's templates that a list asks for, newest first."""
        mine = self._by_bucket.get(bucket, {})
        return [template for template in reversed(mine.values()) if wanted.admits(template)]

    def clear(self) -> None:
        """Forget all."""
        self._by_bucket.clear()

    def _need_free_name(self, bucket: str, tag: str, name: str, *, but: str) -> None:
        for other in self._by_bucket.get(bucket, {}).values():
            if other.id != but and other.tag == tag and other.name == name:
                raise NameTakenError(f"{bucket} has a template {name} of tag {tag} already: {other.id}")
