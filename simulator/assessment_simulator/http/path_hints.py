"""Hints for requests to paths and methods that no vendor has: which endpoint was probably meant, and what differs.

A path is compared without what callers get wrong: base URLs (left out, doubled, of the other vendor, a whole URL),
versions, slashes, letter case, separators, verbs in words (`getOrder`), plurals and a missing id at the end.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from assessment_simulator.core.text import folded
from assessment_simulator.core.vendor import Endpoint, Vendor

_URL = re.compile(r"/*https?:/+[^/]+", re.IGNORECASE)
_VERSION = re.compile(r"v[0-9]+", re.IGNORECASE)
_VERB = re.compile(r"(?:get|list|create|fetch)(?=.)")
# A longer path is not compared.
_LONGEST = 1_000


class _Known(NamedTuple):
    """An endpoint, and the words of its path: of its base URL, and those after it."""

    vendor: Vendor
    endpoint: Endpoint
    base: tuple[str, ...]
    words: tuple[str, ...]


class PathHints:
    """Finds the endpoint that was probably meant."""

    def __init__(self, vendors: Mapping[str, Vendor]) -> None:
        roots = [root for vendor in vendors.values() for root in vendor.roots]
        self._bases = {"api", *(word for root in roots for word in root.split("/")[1:])}
        self._known = [
            _Known(vendor, endpoint, *self._split(endpoint.path))
            for vendor in vendors.values()
            for endpoint in vendor.endpoints
        ]

    def vendor_of(self, path: str) -> Vendor | None:
        """The vendor of a path that stands under no vendor's root, if it is one of an endpoint but for its base."""
        found = self._meant("", path, None)
        return None if found is None else found.vendor

    def route(self, vendor: Vendor, method: str, path: str) -> str:
        """The hint for an unknown path."""
        found = self._meant(method, path, vendor)
        if found is None:
            paths = dict.fromkeys(endpoint.path for endpoint in vendor.endpoints)
            return f"{vendor.title} has {', '.join(paths)}"
        return f"{self._difference(path, found)}: did you mean {found.endpoint.method} {found.endpoint.path}?"

    def verb(self, vendor: Vendor, method: str, path: str) -> str:
        """The hint for a path that does not have this method."""
        words = self._split(path.lower() if vendor.ignores_path_case else path)[1]
        own = [known for known in self._candidates(path) if known.vendor is vendor and _is_same(known.words, words)]
        version = _version(path)
        own = [known for known in own if _version(known.endpoint.path) == version] or own
        by_name = {known.endpoint.operation.name: known.endpoint for known in self._known}
        contents = vendor.interface.contents
        links = [
            by_name[name]
            for known in own
            if known.endpoint.operation.name in contents
            for name in contents[known.endpoint.operation.name].links
            if name in by_name and by_name[name].method == method
        ]
        found = [f"{one.method} {one.path} ({one.summary})" for one in (*(known.endpoint for known in own), *links)]
        return f"{method} is not for this path; there is {', '.join(dict.fromkeys(found))}"

    def _split(self, path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The words of a path: those of base URLs and versions at its beginning, and the rest."""
        words = [word for word in path.split("/") if word]
        end = 0
        while end < len(words) and (words[end].lower() in self._bases or _VERSION.fullmatch(words[end])):
            end += 1
        return tuple(words[:end]), tuple(words[end:])

    def _candidates(self, path: str) -> Iterator[_Known]:
        _, words = self._split(_URL.sub("", path, count=1))
        for known in self._known:
            if words and (_is_like(known.words, words) or (_ends_open(known) and _is_like(known.words[:-1], words))):
                yield known

    def _meant(self, method: str, path: str, vendor: Vendor | None) -> _Known | None:
        """The most similar endpoint."""
        if len(path) > _LONGEST:
            return None
        words = self._split(_URL.sub("", path, count=1))[1]

        def similarity(known: _Known) -> int:
            return (
                8 * (known.vendor is vendor)
                + 4 * (known.endpoint.method == method)
                + 4 * (_version(known.endpoint.path) == _version(path))
                + 3 * _is_same(known.words[: len(words)], words)
                + 2 * (len(known.words) == len(words))
            )

        return max(self._candidates(path), key=similarity, default=None)

    def _difference(self, path: str, found: _Known) -> str:
        base, words = self._split(path)
        title, root = found.vendor.title, "/".join(("", *found.base))
        if _URL.search(path):
            return "a whole URL stands in the path"
        if "//" in path:
            return "a slash is doubled"
        if path.endswith("/") and _is_same(found.words, words) and base == found.base:
            return "the path has a slash at its end"
        if len(words) < len(found.words):
            return "the path ends before its id"
        if not set(base) - {"api", "v1", "v2"} and len(base) < len(found.base):
            return f"the base URL of {title} ends in {root}"
        if len(base) != len(set(base)):
            return "the base URL is there twice"
        if base and base[0].lower() != found.base[0]:
            return f"this is a path of {title}, whose base URL ends in {root}"
        if _version(path) != _version(found.endpoint.path):
            return "the version is another"
        return "the path is spelt differently"


def _version(path: str) -> str:
    """The version in a path; without one it is the first."""
    return next((word for word in path.lower().split("/") if _VERSION.fullmatch(word)), "v1")


def _ends_open(known: _Known) -> bool:
    return known.words[-1].startswith("{")


def _is_same(pattern: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Whether these words are those of a path; a parameter is any word."""
    return len(pattern) == len(words) and all(
        one.startswith("{") or one == word for one, word in zip(pattern, words, strict=True)
    )


def _is_like(pattern: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """The same without regard to letter case, separators, verbs and plurals."""
    return len(pattern) == len(words) and all(
        one.startswith("{") or _bare(one) == _bare(word) for one, word in zip(pattern, words, strict=True)
    )


def _bare(word: str) -> str:
    return _VERB.sub("", folded(word)).removesuffix("s")
