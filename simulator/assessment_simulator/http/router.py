"""Finds the endpoint for a request: the paths of all vendors as one tree, walked a segment at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from assessment_simulator.core.text import lower_uuid
from assessment_simulator.core.vendor import Endpoint, Vendor

_NO_PARAMETERS: Mapping[str, str] = {}


class Route(NamedTuple):
    """Where a request goes: the vendor, and its endpoint with the values of the parameters in the path.

    `endpoint` is None for an unknown path, and (`allowed` is not empty) for a path without this method.
    """

    vendor: Vendor
    endpoint: Endpoint | None
    params: Mapping[str, str] = _NO_PARAMETERS
    allowed: tuple[str, ...] = ()


@dataclass(slots=True)
class _Node:
    """What may follow: fixed segments, a parameter, and the endpoints that end here, by method."""

    fixed: "dict[str, _Node]" = field(default_factory=dict)
    parameter: "_Node | None" = None
    endpoints: dict[str, tuple[Vendor, Endpoint, tuple[str, ...]]] = field(default_factory=dict)


class Router:
    """The endpoints of all vendors. A fixed segment precedes a parameter; a parameter is never empty.

    A parameter that is a UUID is returned in lower case. Where a vendor ignores the case of paths, a second tree has
    its paths in lower case, and one slash at the end is ignored.
    """

    def __init__(self, vendors: Mapping[str, Vendor]) -> None:
        self._roots = tuple((root, vendor) for vendor in vendors.values() for root in vendor.roots)
        self._questionnaires = tuple(vendor.questionnaire for vendor in vendors.values() if vendor.questionnaire)
        self._tree, self._lower_tree = _Node(), _Node()
        self._quick: dict[tuple[str, str], tuple[Vendor, Endpoint, str]] = {}
        """By method and path, endpoints whose one parameter is the last segment and has no fixed one beside it."""
        for vendor in vendors.values():
            for endpoint in vendor.endpoints:
                names = _add(self._tree, endpoint.path.split("/")[1:], vendor, endpoint)
                start, _, last = endpoint.path.rpartition("/")
                if len(names) == 1 and last.startswith("{"):
                    self._quick[endpoint.method, start] = (vendor, endpoint, names[0])
                if vendor.ignores_path_case:
                    _add(self._lower_tree, endpoint.path.lower().split("/")[1:], vendor, endpoint, names)
        for method, start in [*self._quick]:
            node = self._walk(self._tree, start)[0]
            if node is None or node.fixed:
                del self._quick[method, start]

    def find(self, method: str, path: str) -> Route | None:
        """The route for a method and path; None for a path under no vendor's root, and for a candidate's page."""
        start, _, last = path.rpartition("/")
        known = self._quick.get((method, start))
        if known is not None and last:
            return Route(known[0], known[1], {known[2]: lower_uuid(last)})
        node, values = self._walk(self._tree, path)
        if node is None or not node.endpoints:
            node, values = self._walk(self._lower_tree, path.removesuffix("/"), lower=True)
        if node is not None and method in node.endpoints:
            vendor, endpoint, names = node.endpoints[method]
            return Route(vendor, endpoint, dict(zip(names, values, strict=True)))
        if any(questionnaire.matches(path) for questionnaire in self._questionnaires):
            return None
        for root, vendor in self._roots:
            compared = path.lower() if vendor.ignores_path_case else path
            if compared == root or compared.startswith(f"{root}/"):
                return Route(vendor, None, allowed=tuple(sorted(node.endpoints)) if node else ())
        return None

    def _walk(self, tree: _Node, path: str, *, lower: bool = False) -> tuple[_Node | None, list[str]]:
        node: _Node | None = tree
        values = []
        for segment in path.split("/")[1:]:
            if node is None:
                break
            following = node.fixed.get(segment.lower() if lower else segment)
            if following is None and segment:
                values.append(lower_uuid(segment))
                following = node.parameter
            node = following
        return node, values


def _add(
    node: _Node, segments: list[str], vendor: Vendor, endpoint: Endpoint, names: tuple[str, ...] | None = None
) -> tuple[str, ...]:
    """Add an endpoint to a tree. Returns the names of its parameters; `names` are those where the path's are not."""
    found = []
    for segment in segments:
        if segment.startswith("{"):
            found.append(segment.strip("{}"))
            node.parameter = node.parameter or _Node()
            node = node.parameter
        else:
            node = node.fixed.setdefault(segment, _Node())
    names = tuple(found) if names is None else names
    node.endpoints[endpoint.method] = (vendor, endpoint, names)
    return names
