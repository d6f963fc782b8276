"""Lays a graph out in rows, from what comes first to what comes last, with a place of its own for every label.

The way of Sugiyama: turn round the edges that lead back, give each node the row below all that lead to it, let edges
pass the rows between through dummies, order each row so that few edges cross, then straighten. Between any two rows of
nodes lies a row of labels, so no label lies on another or on a node.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

Point = tuple[float, float]
Item = tuple[str, int]
"""A node (its name and -1), or where an edge passes a row (its number, as a text, and the row)."""

NODE_HEIGHT = 58.0
_LABEL_HEIGHT = 54.0
_GAP = 18.0
_MARGIN = 16.0
_THREAD = 10.0
"""How wide an edge is where it passes without its label."""
_ROUNDS = 24


@dataclass(frozen=True, slots=True)
class Edge:
    """From a node to another, with a label so many units wide."""

    start: str
    end: str
    width: float


@dataclass(frozen=True, slots=True)
class Route:
    """The points that an edge passes, from its start to its end, and where its label stands."""

    points: tuple[Point, ...]
    label: Point


@dataclass(frozen=True, slots=True)
class Plan:
    """The centres of the nodes, the routes in the order of the edges, and how large it all is."""

    nodes: Mapping[str, Point]
    routes: tuple[Route, ...]
    width: float
    height: float


def plan(widths: Mapping[str, float], edges: Sequence[Edge]) -> Plan:
    """Lay out nodes of these widths; an edge from a node to itself has no place here."""
    return _Rows(widths, edges).plan()


def layers(nodes: Iterable[str], edges: Sequence[Edge]) -> tuple[dict[str, int], set[int]]:
    """The layer of each node, and the numbers of the edges that lead back to an earlier one."""
    order, back = _walked([*nodes], edges)
    layer = dict.fromkeys(nodes, 0)
    for node in order:
        for number, edge in enumerate(edges):
            if edge.start == node and number not in back:
                layer[edge.end] = max(layer[edge.end], layer[node] + 1)
    return layer, back


def _walked(nodes: Sequence[str], edges: Sequence[Edge]) -> tuple[list[str], set[int]]:
    """The nodes, each before those that it leads to, and the edges that lead back to where a walk has come from."""
    finished: list[str] = []
    entered: set[str] = set()
    back: set[int] = set()

    def visit(node: str) -> None:
        entered.add(node)
        for number, edge in enumerate(edges):
            if edge.start == node and edge.end not in entered:
                visit(edge.end)
            elif edge.start == node and edge.end not in finished:
                back.add(number)
        finished.append(node)

    leads_to = {edge.end for edge in edges}
    for node in sorted(nodes, key=leads_to.__contains__):
        if node not in entered:
            visit(node)
    return finished[::-1], back


@dataclass
class _Rows:
    """The rows while they are put in order."""

    widths: Mapping[str, float]
    edges: Sequence[Edge]
    rows: list[list[Item]] = field(default_factory=list)
    paths: list[list[Item]] = field(default_factory=list)
    wide: dict[Item, float] = field(default_factory=dict)
    above: dict[Item, list[Item]] = field(default_factory=dict)
    below: dict[Item, list[Item]] = field(default_factory=dict)
    x: dict[Item, float] = field(default_factory=dict)

    def plan(self) -> Plan:
        layer, back = layers(self.widths, self.edges)
        self._fill(layer, back)
        self._order()
        self._straighten()
        left = min(self.x[item] - self.wide[item] / 2 for item in self.x) - _MARGIN
        self.x = {item: at - left for item, at in self.x.items()}
        routes = tuple(self._route(number, number in back) for number in range(len(self.edges)))
        nodes = {name: (self.x[name, -1], _y(2 * layer[name])) for name in self.widths}
        width = max(self.x[item] + self.wide[item] / 2 for item in self.x) + _MARGIN
        return Plan(nodes, routes, width, _y(len(self.rows) - 1) + NODE_HEIGHT / 2 + _MARGIN)

    def _fill(self, layer: Mapping[str, int], back: set[int]) -> None:
        self.rows = [[] for _ in range(2 * max(layer.values()) + 1)]
        for name, width in self.widths.items():
            self._put((name, -1), 2 * layer[name], width)
        for number, edge in enumerate(self.edges):
            top, bottom = (edge.end, edge.start) if number in back else (edge.start, edge.end)
            between = range(2 * layer[top] + 1, 2 * layer[bottom])
            labelled = between[-1] if number in back else between[0]  # near its start
            passed: list[Item] = [(str(number), row) for row in between]
            for item in passed:
                self._put(item, item[1], edge.width if item[1] == labelled else _THREAD)
            path: list[Item] = [(top, -1), *passed, (bottom, -1)]
            self.paths.append(path)
            for upper, lower in pairwise(path):
                self.below[upper].append(lower)
                self.above[lower].append(upper)

    def _put(self, item: Item, row: int, width: float) -> None:
        self.rows[row].append(item)
        self.wide[item] = width
        self.above[item], self.below[item] = [], []

    def _order(self) -> None:
        """Sort the rows by what they hang on, downwards and upwards in turn; the order with fewest crossings stays."""
        best, fewest = [*map(list, self.rows)], self._crossings()
        for turn in range(_ROUNDS):
            near = self.below if turn % 2 else self.above
            for row in reversed(self.rows) if turn % 2 else self.rows:
                place = {item: at for row_ in self.rows for at, item in enumerate(row_)}
                here = {item: _mean([place[one] for one in near[item]], place[item]) for item in row}
                row.sort(key=here.__getitem__)
            crossings = self._crossings()
            if crossings < fewest:
                best, fewest = [*map(list, self.rows)], crossings
        self.rows = best

    def _crossings(self) -> int:
        place = {item: at for row in self.rows for at, item in enumerate(row)}
        found = 0
        for row in self.rows:
            lines = [(place[upper], place[lower]) for upper in row for lower in self.below[upper]]
            found += sum((a - c) * (b - d) < 0 for number, (a, b) in enumerate(lines) for c, d in lines[:number])
        return found

    def _straighten(self) -> None:
        """Move everything towards what it hangs on, as far as its neighbours in the row let it."""
        for row in self.rows:
            at = 0.0
            for item in row:
                self.x[item] = at + self.wide[item] / 2
                at += self.wide[item] + _GAP
        for turn in range(_ROUNDS):
            for row in reversed(self.rows) if turn % 2 else self.rows:
                self._settle(row)

    def _settle(self, row: Sequence[Item]) -> None:
        near = {item: self.above[item] + self.below[item] for item in row}
        wish = [_mean([self.x[one] for one in near[item]], self.x[item]) for item in row]
        apart = [(self.wide[a] + self.wide[b]) / 2 + _GAP for a, b in pairwise(row)]
        right, left = [*wish], [*wish]
        for at in range(1, len(row)):
            right[at] = max(right[at], right[at - 1] + apart[at - 1])
        for at in range(len(row) - 2, -1, -1):
            left[at] = min(left[at], left[at + 1] - apart[at])
        self.x.update(zip(row, ((a + b) / 2 for a, b in zip(left, right, strict=True)), strict=True))

    def _route(self, number: int, back: bool) -> Route:
        path = self.paths[number]
        first, last = path[1], path[-2]
        points = [
            (self._port(path[0], self.below, first), _y(first[1]) - _LABEL_HEIGHT / 2),
            *(point for item in path[1:-1] for point in self._passed(item)),
            (self._port(path[-1], self.above, last), _y(last[1]) + _LABEL_HEIGHT / 2),
        ]
        labelled = last if back else first
        return Route(tuple(points[::-1] if back else points), (self.x[labelled], _y(labelled[1])))

    def _passed(self, item: Item) -> Iterator[Point]:
        """The points of an edge in a row; beside nodes it goes straight down, to touch none of their corners."""
        x, y = self.x[item], _y(item[1])
        yield from [(x, y)] if item[1] % 2 else [(x, y - NODE_HEIGHT / 2), (x, y + NODE_HEIGHT / 2)]

    def _port(self, node: Item, side: Mapping[Item, list[Item]], hangs: Item) -> float:
        """Where an edge touches its node: side by side with the others, in the order in which they come."""
        others = sorted(side[node], key=self.x.__getitem__)
        step = min(26.0, self.wide[node] * 0.8 / len(others))
        return self.x[node] + (others.index(hangs) - (len(others) - 1) / 2) * step


def _mean(numbers: Sequence[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise


def _y(row: int) -> float:
    """The middle of a row: those of nodes and those of labels take turns."""
    pair = NODE_HEIGHT + _LABEL_HEIGHT
    return _MARGIN + NODE_HEIGHT / 2 + row // 2 * pair + (row % 2) * pair / 2
