"""Which endpoint a request is for: the paths of all vendors as one tree, walked a segment at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from assessment_simulator.core.text import lower_uuid
from assessment_simulator.core.vendor import Endpoint, Vendor


class Found(NamedTuple):
    """The endpoint, and the values of the parameters in its path."""

    vendor: Vendor
    endpoint: Endpoint
    params: Mapping[str, str]


class Lost(NamedTuple):
    """The path is under a vendor's root, but leads nowhere, or (`allowed` is not empty) not with this verb."""

    vendor: Vendor
    allowed: tuple[str, ...]


@dataclass(slots=True)
class _Node:
    """What follows after some segments: named segments, a parameter, and the endpoints that end here, by method."""

    named: "dict[str, _Node]" = field(default_factory=dict)
    parameter: "_Node | None" = None
    endpoints: dict[str, tuple[Vendor, Endpoint, tuple[str, ...]]] = field(default_factory=dict)


class Routes:
    """The endpoints of all vendors. A named segment goes before a parameter; a parameter is never empty.

    A parameter that is a UUID is given in lower case. Paths of a vendor that ignores letter case are looked for a
    second time in a tree of lower-case segments, without one slash at their end.
    """

    def __init__(self, vendors: Mapping[str, Vendor]) -> None:
        self._roots = tuple((root, vendor) for vendor in vendors.values() for root in vendor.roots)
        self._exercises = tuple(vendor.exercise for vendor in vendors.values() if vendor.exercise)
        self._tree, self._lower_tree = _Node(), _Node()
        for vendor in vendors.values():
            for endpoint in vendor.endpoints:
                self._add(self._tree, endpoint.path, vendor, endpoint)
                if vendor.ignores_path_case:
                    self._add(self._lower_tree, endpoint.path, vendor, endpoint, lower=True)
        self._last: dict[tuple[str, str], tuple[Vendor, Endpoint, str]] = {}
        self._learn(self._tree, "")

    def _add(self, node: _Node, path: str, vendor: Vendor, endpoint: Endpoint, *, lower: bool = False) -> None:
        names = []
        for segment in path.split("/")[1:]:
            if segment.startswith("{"):
                names.append(segment.strip("{}"))
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.named.setdefault(segment.lower() if lower else segment, _Node())
        node.endpoints[endpoint.method] = (vendor, endpoint, tuple(names))

    def _learn(self, node: _Node, path: str) -> None:
        """Note the endpoints whose one parameter is their last segment: the busiest ones, found in one look."""
        for segment, following in node.named.items():
            self._learn(following, f"{path}/{segment}")
        if node.parameter is not None and not node.named:
            for method, (vendor, endpoint, parameters) in node.parameter.endpoints.items():
                if len(parameters) == 1:
                    self._last[method, path] = (vendor, endpoint, parameters[0])

    def find(self, method: str, path: str) -> Found | Lost | None:
        """The endpoint for a method and path; None when the path is under no vendor's root, or a candidate's page."""
        start, _, last = path.rpartition("/")
        known = self._last.get((method, start))
        if known is not None and last:
            return Found(known[0], known[1], {known[2]: lower_uuid(last)})
        node, values = self._walk(self._tree, path)
        if node is None or not node.endpoints:
            node, values = self._walk(self._lower_tree, path.removesuffix("/"), lower=True)
        if node is not None and method in node.endpoints:
            vendor, endpoint, names = node.endpoints[method]
            return Found(vendor, endpoint, dict(zip(names, values, strict=True)) if names else {})
        return self._lost(path, tuple(sorted(node.endpoints)) if node else ())

    def _walk(self, tree: _Node, path: str, *, lower: bool = False) -> tuple[_Node | None, list[str]]:
        node: _Node | None = tree
        values = []
        for segment in path.split("/")[1:]:
            if node is None:
                break
            known = node.named.get(segment.lower() if lower else segment)
            if known is None and segment:
                values.append(lower_uuid(segment))
                known = node.parameter
            node = known
        return node, values

    def _lost(self, path: str, allowed: tuple[str, ...]) -> Lost | None:
        if any(exercise.leads_here(path) for exercise in self._exercises):
            return None
        for root, vendor in self._roots:
            seen = path.lower() if vendor.ignores_path_case else path
            if seen == root or seen.startswith(f"{root}/"):
                return Lost(vendor, allowed)
        return None
