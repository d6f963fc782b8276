"""A dictionary whose copies are cheap: what is there at the time of copying is shared, what comes later is not.

The shared part is a stack of plain dictionaries that nobody writes to any more. A copy puts the present top on the
stack; equal-sized neighbours are merged, so the stack stays as low as the logarithm of what it holds. Plain
dictionaries because every order goes through several of them: a persistent hash trie was measured and cost a create
a third of its time.
"""

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
_GONE: Any = object()
_ABSENT: Any = object()


class Layers(Generic[K, V]):
    """A mapping with a cheap `copy`; iteration has no order to rely on."""

    __slots__ = ("_below", "_size", "_top")

    def __init__(self) -> None:
        self._below: tuple[dict[K, V], ...] = ()
        self._top: dict[K, V] = {}
        self._size = 0

    def copy(self) -> "Layers[K, V]":
        """The same content, to be changed apart from this one."""
        if self._top:
            self._below, self._top = _settled((self._top, *self._below)), {}
        twin: Layers[K, V] = Layers()
        twin._below, twin._size = self._below, self._size
        return twin

    def get(self, key: K, default: V | None = None) -> V | None:
        """The value under a key, or the default."""
        value: Any = self._top.get(key, _ABSENT)
        if value is _ABSENT:
            for layer in self._below:
                value = layer.get(key, _ABSENT)
                if value is not _ABSENT:
                    break
        return default if value is _ABSENT or value is _GONE else value

    def _find(self, key: K) -> Any:
        return self.get(key, _ABSENT)

    def __getitem__(self, key: K) -> V:
        value: V = self._find(key)
        if value is _ABSENT:
            raise KeyError(key)
        return value

    def __contains__(self, key: K) -> bool:
        return self._find(key) is not _ABSENT

    def __len__(self) -> int:
        return self._size

    def __setitem__(self, key: K, value: V) -> None:
        self._size += self._find(key) is _ABSENT
        self._top[key] = value

    def __delitem__(self, key: K) -> None:
        if self._find(key) is _ABSENT:
            raise KeyError(key)
        self._size -= 1
        if self._below:
            self._top[key] = _GONE
        else:
            del self._top[key]

    def __iter__(self) -> Iterator[K]:
        seen: set[K] = set()
        for layer in (self._top, *self._below):
            for key, value in layer.items():
                if key not in seen and value is not _GONE:
                    yield key
            seen |= layer.keys()


def _settled(layers: tuple[dict[K, V], ...]) -> tuple[dict[K, V], ...]:
    """The same content in fewer layers, the newest first: each more than twice as large as the one above it."""
    while len(layers) > 1 and len(layers[0]) * 2 >= len(layers[1]):
        merged = {**layers[1], **layers[0]}
        if len(layers) == 2:  # nothing is below, so nothing needs to be hidden any more
            merged = {key: value for key, value in merged.items() if value is not _GONE}
        layers = (merged, *layers[2:])
    return layers
