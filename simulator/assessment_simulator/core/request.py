"""A vendor request without HTTP, and what its caller authenticates with.

Objects that are created for every request are named tuples: immutable like a dataclass, created in a third of the time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from assessment_simulator.core.seeded_random import SeededRandom

# The body of a request that has none.
MISSING: Any = object()
# The kind of credential of a request that a page of this process makes; its id is the sandbox's name, which the scope
# of the request has under this key.
IN_PROCESS = "simulator.page"
_EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A body that is not what its media type promises."""

    reason: str
    hint: str | None = None  # what to change, where the cause is known
    unmarked: Any = MISSING  # the JSON value behind a UTF-8 byte order mark, for a vendor that accepts the mark


class VendorRequest(NamedTuple):
    """One request to a vendor: by HTTP, by a control action, by a candidate's page or by a timer."""

    operation: str
    now: int  # in ticks
    random: SeededRandom
    base_url: str
    method: str = ""
    path: str = ""
    params: Mapping[str, str] = _EMPTY
    query: Mapping[str, str] = _EMPTY
    headers: Mapping[str, str] = _EMPTY  # those that the vendor declared, by lower-case name
    media_type: str = ""
    body: Any = MISSING  # the parsed JSON (or form, as a mapping), `MISSING` or `Unreadable`
    recent: int = 0  # requests that were accepted during the last minute
    raw_query: str = ""  # as it was sent


class Credential(NamedTuple):
    """What a caller authenticates with: `id`, and a `secret` where the vendor wants one.

    A link carries its sandbox's name as `id`, the seal as `secret`, and the id of the `invitation` it is sealed for.
    """

    kind: str
    id: str
    secret: str = ""
    invitation: str = ""
