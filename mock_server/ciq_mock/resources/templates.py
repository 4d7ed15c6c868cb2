"""Templates: named parameters of a tag, by bucket and id (1045/73037, 1045/73038, 436/77185, 436/75046).

Must not know the meaning of the parameters; they are stored unchanged.
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
    """Elements of the answer that contain the parameters."""
    created: float
    updated: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFilter:
    """Which templates to list; an empty field matches all."""

    tag: str = ""
    ids: tuple[str, ...] = ()
    name_prefix: str = ""

    def admits(self, template: Template) -> bool:
        """Return whether a template belongs to the list."""
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
        """Create a template; raise NameTakenError, or TooManyError when the bucket already has `most`."""
        mine = self._by_bucket.setdefault(bucket, {})
        if len(mine) >= most:
            raise TooManyError(f"{bucket} has {len(mine)} templates, the maximum: delete one first")
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
        """Delete a template; raise UnknownTemplateError when there is none."""
        self.get(bucket, template_id)
        del self._by_bucket[bucket][template_id]

    def get(self, bucket: str, template_id: str) -> Template:
        """Return a template; raise UnknownTemplateError when the bucket has none with that id."""
        template = self._by_bucket.get(bucket, {}).get(template_id)
        if template is None:
            raise UnknownTemplateError(f"{bucket} has no template {template_id[:80]}")
        return template

    def find(self, bucket: str, wanted: TemplateFilter) -> list[Template]:
        """Return the bucket's templates that match a filter, newest first."""
        mine = self._by_bucket.get(bucket, {})
        return [template for template in reversed(mine.values()) if wanted.admits(template)]

    def by_bucket(self) -> dict[str, list[Template]]:
        """Return the templates of each bucket in the order of their creation."""
        return {bucket: list(mine.values()) for bucket, mine in self._by_bucket.items()}

    def restore(self, templates: Mapping[str, list[Template]]) -> None:
        """Put templates back as `by_bucket` returned them."""
        self._by_bucket = {bucket: {one.id: one for one in mine} for bucket, mine in templates.items()}

    def clear(self) -> None:
        """Remove all templates."""
        self._by_bucket.clear()

    def _need_free_name(self, bucket: str, tag: str, name: str, *, but: str) -> None:
        for other in self._by_bucket.get(bucket, {}).values():
            if other.id != but and other.tag == tag and other.name == name:
                raise NameTakenError(f"{bucket} has a template {name} of tag {tag} already: {other.id}")
