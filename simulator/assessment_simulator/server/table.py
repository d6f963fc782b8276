"""Values of one kind, kept by id and in order; a copy costs the same however many there are."""

from bisect import bisect
from collections.abc import Iterator
from itertools import islice
from typing import Any

from assessment_simulator.server.layers import Layers


class Table:
    """Values of one kind, by id and in the order of their first saving."""

    __slots__ = ("_begin", "_end", "_gaps", "_order", "rows")

    def __init__(self) -> None:
        self.rows: Layers[str, Any] = Layers()
        self._order: Layers[int, str] = Layers()
        self._begin = self._end = 0
        self._gaps: tuple[int, ...] = ()
        """The places of forgotten values, in order."""

    def copy(self) -> "Table":
        """The same values, to be changed apart from these."""
        twin = Table.__new__(Table)
        twin.rows, twin._order = self.rows.copy(), self._order.copy()
        twin._begin, twin._end, twin._gaps = self._begin, self._end, self._gaps
        return twin

    def save(self, id: str, value: Any) -> None:
        """Put a value in, at its old place if it had one."""
        if id not in self.rows:
            self._order[self._end] = id
            self._end += 1
        self.rows[id] = value

    def first(self) -> tuple[str, Any] | None:
        """The id and value saved first."""
        return (self._order[self._begin], self.rows[self._order[self._begin]]) if len(self.rows) else None

    def drop_first(self) -> None:
        """Forget the value saved first."""
        del self.rows[self._order[self._begin]]
        del self._order[self._begin]
        self._begin += 1

    def forget(self, id: str) -> None:
        """Forget a value; its place stays empty. Rare, so it may look for the place."""
        del self.rows[id]
        place = next(place for place in range(self._begin, self._end) if self._order[place] == id)
        at = bisect(self._gaps, place)
        self._gaps = (*self._gaps[:at], place, *self._gaps[at:])

    def page(self, skip: int, top: int) -> list[tuple[str, Any]]:
        """At most `top` values after the first `skip`, without walking over those before them."""
        begin = self._begin + skip
        while (place := self._begin + skip + bisect(self._gaps, begin)) != begin:
            begin = place
        return list(islice(self._from(begin), top))

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return self._from(self._begin)

    def __reversed__(self) -> Iterator[tuple[str, Any]]:
        return self._over(range(self._end - 1, self._begin - 1, -1))

    def _from(self, begin: int) -> Iterator[tuple[str, Any]]:
        return self._over(range(begin, self._end))

    def _over(self, places: range) -> Iterator[tuple[str, Any]]:
        for place in places:
            id = self._order[place]
            value = self.rows.get(id)
            if value is not None:
                yield id, value
