"""Tables of hot words for speech recognition, by bucket. The mock only stores and returns them.

No page was found; a table has the elements that the official Python SDK sends.
"""

from dataclasses import dataclass

from ciq_mock.ids import IdSource
from ciq_mock.resources.errors import TooManyError, UnknownTableError

TABLE_LETTER = "v"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """One table; `content` has the elements of the request without the id; times are epoch seconds."""

    id: str
    content: dict[str, object]
    created: float
    updated: float


class Vocabularies:
    """Tables of all buckets."""

    __slots__ = ("_by_bucket", "_ids")

    def __init__(self, ids: IdSource) -> None:
        self._ids = ids
        self._by_bucket: dict[str, dict[str, Vocabulary]] = {}

    def create(self, now: float, bucket: str, content: dict[str, object], *, most: int) -> Vocabulary:
        """Create a table; raise TooManyError when the bucket already has `most`."""
        mine = self._by_bucket.setdefault(bucket, {})
        if len(mine) >= most:
            raise TooManyError(f"{bucket} has {len(mine)} tables of hot words, the maximum: delete one first")
        table = Vocabulary(id=self._ids(TABLE_LETTER), content=content, created=now, updated=now)
        mine[table.id] = table
        return table

    def update(self, now: float, bucket: str, table_id: str, content: dict[str, object]) -> Vocabulary:
        """Replace a table's content; raise UnknownTableError when there is none."""
        old = self.get(bucket, table_id)
        table = Vocabulary(id=old.id, content=content, created=old.created, updated=now)
        self._by_bucket[bucket][table_id] = table
        return table

    def delete(self, bucket: str, table_id: str) -> None:
        """Delete a table; raise UnknownTableError when there is none."""
        self.get(bucket, table_id)
        del self._by_bucket[bucket][table_id]

    def get(self, bucket: str, table_id: str) -> Vocabulary:
        """Return a table; raise UnknownTableError when the bucket has none with that id."""
        table = self._by_bucket.get(bucket, {}).get(table_id)
        if table is None:
            raise UnknownTableError(f"{bucket} has no table of hot words {table_id[:80]}")
        return table

    def all(self, bucket: str) -> list[Vocabulary]:
        """Return the bucket's tables, oldest first."""
        return list(self._by_bucket.get(bucket, {}).values())

    def by_bucket(self) -> dict[str, list[Vocabulary]]:
        """Return the tables of each bucket in the order of their creation."""
        return {bucket: list(mine.values()) for bucket, mine in self._by_bucket.items()}

    def restore(self, tables: dict[str, list[Vocabulary]]) -> None:
        """Put tables back as `by_bucket` returned them."""
        self._by_bucket = {bucket: {one.id: one for one in mine} for bucket, mine in tables.items()}

    def clear(self) -> None:
        """Remove all tables."""
        self._by_bucket.clear()
