"""The priority queue against a sorted list, and that no queue ever changes."""

from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.server import queue

moments = st.lists(st.integers(-3, 3) | st.integers(-(10**18), 10**18), max_size=80)


def filled(times: list[int]) -> queue.Heap:
    """A queue of these moments, numbered in the order of their coming."""
    heap: queue.Heap = None
    for number, at in enumerate(times):
        heap = queue.add(heap, (at, number, f"item {number}"))
    return heap


def drained(heap: queue.Heap) -> list[queue.Item]:
    """Every item, in the order in which it is taken."""
    taken = []
    while (item := queue.first(heap)) is not None:
        taken.append(item)
        heap = queue.rest(heap)
    return taken


def items(times: list[int]) -> list[queue.Item]:
    """The items that `filled` makes."""
    return [(at, number, f"item {number}") for number, at in enumerate(times)]


def lean(heap: queue.Heap) -> bool:
    """Whether no item is due before the one above it, and the way along the right is the shortest (so it is short)."""
    if heap is None:
        return True
    rank, item, left, right = heap
    below = [child for child in (left, right) if child is not None]
    return (
        all(child[1][:2] >= item[:2] and lean(child) for child in below)
        and rank == 1 + (right[0] if right else 0)
        and (left[0] if left else 0) >= (right[0] if right else 0)
    )


@given(moments)
def test_items_are_taken_in_the_order_of_a_sorted_list(times: list[int]) -> None:
    assert drained(filled(times)) == sorted(items(times))


@given(moments, moments)
def test_two_queues_merged_are_the_queue_of_all_their_items(some: list[int], others: list[int]) -> None:
    both = queue.merge(filled(some), filled(others))
    # An item's content is never compared, so that contents need no order: nor does it decide between equals here.
    assert [item[:2] for item in drained(both)] == sorted(item[:2] for item in items(some) + items(others))
    assert sorted(drained(both)) == sorted(items(some) + items(others))


@given(moments)
def test_contents_are_never_compared(times: list[int]) -> None:
    heap: queue.Heap = None
    for at in times:
        heap = queue.add(heap, (at, 0, object()))
    assert [item[0] for item in drained(heap)] == sorted(times)


@given(moments, st.integers())
def test_adding_and_taking_leave_the_queue_as_it_was(times: list[int], more: int) -> None:
    heap = filled(times)
    before = drained(heap)
    queue.add(heap, (more, len(times), "more"))
    queue.rest(heap)
    queue.merge(heap, filled([more, more]))
    assert drained(heap) == before


@given(st.lists(st.one_of(st.integers(-5, 5), st.none()), max_size=120))
def test_any_mixture_of_adding_and_taking_agrees_with_a_list(steps: list[int | None]) -> None:
    heap: queue.Heap = None
    oracle: list[queue.Item] = []
    for number, at in enumerate(steps):
        if at is None:
            assert queue.first(heap) == (oracle[0] if oracle else None)
            heap, oracle = queue.rest(heap), oracle[1:]
        else:
            heap = queue.add(heap, (at, number, None))
            oracle = sorted([*oracle, (at, number, None)])
        assert lean(heap)
    assert drained(heap) == oracle


def test_an_empty_queue_has_no_first_item_and_no_rest() -> None:
    assert queue.first(None) is None
    assert queue.rest(None) is None
    assert queue.merge(None, None) is None


def test_a_long_queue_needs_no_deep_recursion() -> None:
    count = 20_000
    rising = filled(list(range(count)))
    falling = filled(list(range(count, 0, -1)))
    both = queue.merge(rising, falling)
    assert [item[0] for item in drained(both)] == sorted([*range(count), *range(1, count + 1)])
