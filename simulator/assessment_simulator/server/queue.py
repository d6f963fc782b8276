"""A priority queue that never changes: adding and taking give a new queue, so a snapshot of it costs nothing.

A leftist heap of plain tuples (Okasaki, "Purely Functional Data Structures", 3.1): both take logarithmic time.
"""

from typing import Any

Item = tuple[int, int, Any]
"""When it is due, a number that keeps equals in order, and what it is about."""
Heap = tuple[int, Item, Any, Any] | None
"""Rank, least item, left heap, right heap; None is the empty queue."""


def merge(one: Heap, other: Heap) -> Heap:
    """All items of both."""
    if one is None:
        return other
    if other is None:
        return one
    if other[1][:2] < one[1][:2]:
        one, other = other, one
    left, right = one[2], merge(one[3], other)
    if _rank(left) < _rank(right):
        left, right = right, left
    return (_rank(right) + 1, one[1], left, right)


def add(heap: Heap, item: Item) -> Heap:
    """The queue with one more item."""
    return merge(heap, (1, item, None, None))


def first(heap: Heap) -> Item | None:
    """The item that is due first."""
    return heap[1] if heap else None


def rest(heap: Heap) -> Heap:
    """The queue without its first item."""
    return merge(heap[2], heap[3]) if heap else None


def items(heap: Heap) -> list[Item]:
    """All items, in no order."""
    found, left = [], [heap]
    while left:
        top = left.pop()
        if top is not None:
            found.append(top[1])
            left += [top[2], top[3]]
    return found


def _rank(heap: Heap) -> int:
    return heap[0] if heap else 0
