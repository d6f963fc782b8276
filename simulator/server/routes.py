"""Which endpoint a request is for: the paths of all vendors as one tree, walked a segment at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from simulator.core.vendor import Endpoint, Vendor


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
    """The endpoints of all vendors. A named segment goes before a parameter; a parameter is never empty."""

    def __init__(self, vendors: Mapping[str, Vendor]) -> None:
        self._roots = tuple((root, vendor) for vendor in vendors.values() for root in vendor.roots)
        self._exercises = tuple(vendor.exercise for vendor in vendors.values() if vendor.exercise)
        self._tree = _Node()
        for vendor in vendors.values():
            for endpoint in vendor.endpoints:
                self._add(vendor, endpoint)
        self._last: dict[tuple[str, str], tuple[Vendor, Endpoint, str]] = {}
        self._learn(self._tree, "")

    def _add(self, vendor: Vendor, endpoint: Endpoint) -> None:
        node, names = self._tree, []
        for segment in endpoint.path.split("/")[1:]:
            if segment.startswith("{"):
                names.append(segment.strip("{}"))
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.named.setdefault(segment, _Node())
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
            return Found(known[0], known[1], {known[2]: last})
        node, values = self._walk(path)
        if node is not None and method in node.endpoints:
            vendor, endpoint, names = node.endpoints[method]
            return Found(vendor, endpoint, dict(zip(names, values, strict=True)) if names else {})
        return self._lost(path, tuple(sorted(node.endpoints)) if node else ())

    def _walk(self, path: str) -> tuple[_Node | None, list[str]]:
        node: _Node | None = self._tree
        values = []
        for segment in path.split("/")[1:]:
            if node is None:
                break
            known = node.named.get(segment)
            if known is None and segment:
                values.append(segment)
                known = node.parameter
            node = known
        return node, values

    def _lost(self, path: str, allowed: tuple[str, ...]) -> Lost | None:
        if any(exercise.leads_here(path) for exercise in self._exercises):
            return None
        for root, vendor in self._roots:
            if path == root or path.startswith(f"{root}/"):
                return Lost(vendor, allowed)
        return None
