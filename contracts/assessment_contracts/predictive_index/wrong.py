"""One wrong call, as data: what is laid over a right body, or sent in its place."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assessment_contracts.predictive_index.calls import PATH, PEOPLE, quiet
from assessment_contracts.predictive_index.scene import filled, scene
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.wire import ABSENT, Answer


@dataclass(frozen=True)
class Wrong:
    """A call. `{words}` in paths, queries and bodies stand for ids, see `scene`; headers that are None are not sent."""

    over: Mapping[str, Any] = field(default_factory=dict)
    method: str = "POST"
    path: str = PATH
    query: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    media_type: str | None = "application/json"
    headers: Mapping[str, str | None] = field(default_factory=dict)

    def send(self, sandbox: Sandbox, right: Mapping[str, Any]) -> Answer:
        """Make the call out of a right body."""
        words = scene(sandbox)
        return sandbox.call(
            self.method, filled(self.path, words), query=filled(dict(self.query), words),
            content=self._content(right, words), auth="predictive_index",
            headers={"Content-Type": None if self._is_bare else self.media_type, **self.headers},
        )  # fmt: skip

    @property
    def _is_bare(self) -> bool:
        return self.method not in ("POST", "PATCH", "PUT")

    def _content(self, right: Mapping[str, Any], words: dict[str, str]) -> bytes | None:
        if self._is_bare:
            return None
        if self.raw is not None:
            return self.raw
        body = {**right, **filled(dict(self.over), words)}
        return json.dumps({name: value for name, value in body.items() if value is not ABSENT}).encode()


Ways = tuple[Wrong, ...]


def ask(sandbox: Sandbox, right: Any, wrong: Wrong) -> Answer:
    """Make a wrong call out of a right body."""
    return wrong.send(sandbox, quiet(sandbox, right))


def bodies(*over: Mapping[str, Any], path: str = PATH, method: str = "POST") -> Ways:
    """Creations, each wrong by what is laid over a right body."""
    return tuple(Wrong(one, method, path) for one in over)


def values(member: str, *wrong: Any) -> Ways:
    """Creations in which one member has a wrong value."""
    return bodies(*({member: value} for value in wrong))


def changes(*over: Mapping[str, Any]) -> Ways:
    """Changes, each wrong by what is laid over a right one."""
    return bodies(*over, path=f"{PATH}/{{pending}}", method="PATCH")


def raws(method: str, path: str, *contents: bytes) -> Ways:
    """Calls with these bytes for a body."""
    return tuple(Wrong(method=method, path=path, raw=content) for content in contents)


def typed(method: str, path: str, *media_types: str | None) -> Ways:
    """Calls with a body of another media type."""
    return tuple(Wrong(method=method, path=path, media_type=kind) for kind in media_types)


def gets(*paths: str, method: str = "GET", **query: str) -> Ways:
    """Calls without a body."""
    return tuple(Wrong(method=method, path=path, query=query) for path in paths)


def options(name: str, *texts: str, path: str = PATH) -> Ways:
    """Lists asked with a wrong option."""
    return tuple(Wrong(method="GET", path=path, query={name: text}) for text in texts)


def sought(name: str, *texts: str) -> Ways:
    """Searches for people with a wrong option."""
    return options(name, *texts, path=PEOPLE)
