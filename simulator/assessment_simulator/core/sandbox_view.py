"""What a vendor can see while it decides: one sandbox, read-only."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from assessment_simulator.core.config import Config
from assessment_simulator.core.links import Links


class Stored(Protocol):
    """A record as it was saved. A response may carry it as it is: then its public fields are sent without parsing."""

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> Any: ...
    @property
    def public(self) -> dict[str, Any]: ...
    @property
    def internal(self) -> Mapping[str, Any]: ...


class SandboxView(Protocol):
    """One sandbox, as the vendors see it."""

    @property
    def name(self) -> str: ...
    @property
    def secret(self) -> bytes: ...
    @property
    def links(self) -> Links: ...
    @property
    def config(self) -> Config: ...
    @property
    def generation(self) -> int:
        """How often this sandbox was reset."""
        ...

    @property
    def open_access(self) -> bool:
        """Whether a key `sim-<name>` opens the sandbox of that name."""
        ...

    def get(self, kind: str, id: str) -> Stored | None: ...

    def latest_id(self, index: str, value: str) -> str | None:
        """The id saved last under that key."""
        ...

    def ids(self, index: str, value: str) -> Sequence[str]:
        """All ids saved under that key, oldest first."""
        ...

    def all(self, kind: str) -> Iterable[Stored]:
        """All records of that kind as they are now, oldest first."""
        ...

    def page(self, kind: str, skip: int, top: int) -> Sequence[Stored]:
        """At most `top` records of that kind after the first `skip`, oldest first."""
        ...
