"""How a request is read before its rules are judged: what ASP.NET Web API forgives in an address and a body.

Routes and names of simple query parameters are compared without regard to letter case there, and a slash at the end of
a path does not matter; Json.NET's reader skips a UTF-8 byte order mark. None of this is on a page of the vendor. OData
options (`$filter` and the like) and members of bodies are not compared so.
"""

import re
from collections.abc import Mapping

from assessment_simulator.core.request import MISSING, Unreadable, VendorRequest
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.sources import Standing, ours
from assessment_simulator.core.text import plain
from assessment_simulator.vendors.predictive_index.behaviour_flags import BYTE_ORDER_MARK, URL_MATCH, setting

STOCK = ours("the message for a missing key is ASP.NET Web API's own, so its other stock answers are taken too")

_DOCUMENTED_PATH = re.compile(
    r"/api/v1/behavioralassessments(?:/[^/]+(?:/(?:patterns|reports)/[^/]+)?)?|/api/v2/peopleandjobs"
)
_PARAMETERS = {name.lower(): name for name in ("externalId", "format", "gender", "languageLocale", "searchfields")}
"""The query parameters that are no OData options."""


def _is_exact(call: VendorRequest) -> bool:
    return _DOCUMENTED_PATH.fullmatch(call.path) is not None


def _path_is_known(call: VendorRequest, world: SandboxView) -> bool:
    return not call.path or _is_exact(call) or setting(world.config, URL_MATCH) != "exact"


ROUTE = Rule(
    "pi.door.route", "request", "the path must be one of the API's", 404, Standing.ASSUMED, STOCK, _path_is_known
)
"""Broken by an unknown path, which no operation answers, and by another spelling of a known one where it matters."""


def read(call: VendorRequest, world: SandboxView) -> tuple[VendorRequest, tuple[str, ...]]:
    """The call with known query parameters and a readable body, and a note about each thing that was forgiven."""
    notes: list[str] = []
    if call.path and not _is_exact(call):
        notes.append(f"path {plain(call.path)} was accepted: letter case and a slash at the end are ignored (assumed)")
    if call.query and setting(world.config, URL_MATCH) != "exact":
        call, more = _with_known_names(call)
        notes += more
    unmarked = call.body.unmarked if isinstance(call.body, Unreadable) else MISSING
    if unmarked is not MISSING and setting(world.config, BYTE_ORDER_MARK) == "accepted":
        call = call._replace(body=unmarked)
        notes.append("body begins with a UTF-8 byte order mark; it was accepted (assumed)")
    return call, tuple(notes)


def _with_known_names(call: VendorRequest) -> tuple[VendorRequest, list[str]]:
    others = [name for name in call.query if name not in _PARAMETERS.values() and name.lower() in _PARAMETERS]
    if not others:
        return call, []
    query: Mapping[str, str] = {
        (_PARAMETERS[name.lower()] if name in others else name): value for name, value in call.query.items()
    }
    notes = [f"query.{plain(name)} was read as {_PARAMETERS[name.lower()]} (assumed)" for name in others]
    return call._replace(query=query), notes
