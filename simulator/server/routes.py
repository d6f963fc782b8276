"""Which endpoint a request is for. Paths without parameters are found by one look-up, the others by pattern."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from simulator.core.vendor import Endpoint, Vendor


@dataclass(frozen=True, slots=True)
class Found:
    """The endpoint, and the values of the parameters in its path."""

    vendor: Vendor
    endpoint: Endpoint
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Lost:
    """The path is under a vendor's root, but leads nowhere, or (`allowed` is not empty) not with this verb."""

    vendor: Vendor
    allowed: tuple[str, ...]


class Routes:
    """The endpoints of all vendors."""

    def __init__(self, vendors: Mapping[str, Vendor]) -> None:
        self._roots = tuple((root, vendor) for vendor in vendors.values() for root in vendor.roots)
        self._exact: dict[tuple[str, str], Found] = {}
        self._patterns: dict[tuple[str, str], tuple[re.Pattern[str], dict[str, tuple[Vendor, Endpoint]]]] = {}
        for vendor in vendors.values():
            for endpoint in vendor.endpoints:
                self._add(vendor, endpoint)

    def _add(self, vendor: Vendor, endpoint: Endpoint) -> None:
        if "{" not in endpoint.path:
            self._exact[endpoint.method, endpoint.path] = Found(vendor, endpoint, {})
        expression = re.compile(
            re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", re.escape(endpoint.path).replace(r"\{", "{").replace(r"\}", "}"))
        )
        _, methods = self._patterns.setdefault((vendor.id, endpoint.path), (expression, {}))
        methods[endpoint.method] = (vendor, endpoint)

    def find(self, method: str, path: str) -> Found | Lost | None:
        """The endpoint for a method and path; None when the path is under no vendor's root."""
        return self._exact.get((method, path)) or self._search(method, path)

    def _search(self, method: str, path: str) -> Found | Lost | None:
        vendor = next((v for root, v in self._roots if path == root or path.startswith(f"{root}/")), None)
        if vendor is None:
            return None
        allowed: set[str] = set()
        for expression, methods in self._patterns.values():
            match = expression.fullmatch(path)
            if match and method in methods:
                return Found(*methods[method], match.groupdict())
            if match:
                allowed |= methods.keys()
        return Lost(vendor, tuple(sorted(allowed)))
