"""Rules are data: each demand on a request is one row with its check, its source and its standing."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any

from assessment_simulator.core.request import MISSING, Unreadable, VendorRequest
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.sources import Basis, Source, Standing, ours
from assessment_simulator.core.text import folded, is_uuid, meant, plain
from assessment_simulator.core.urls import FORM

Check = Callable[[VendorRequest, SandboxView], bool]
# How to correct a request that violates a rule; None where this request does not show the cause.
Hint = Callable[[VendorRequest, SandboxView], str | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One demand on a request."""

    id: str
    place: str  # what it is about: `body.email`, `header.api-key`, `query.report`, `path.uuid`, `request`
    statement: str  # a sentence that a refused caller can act on
    status: int  # of the refusal
    standing: Standing  # of the demand, as the source
    source: Source
    # Whether a request meets the demand, or the demand does not apply; always true for a rule of the HTTP layer, which
    # enforces it before there is a request.
    check: Check = lambda request, view: True
    hint: Hint | None = None  # its text is sent in the header `Simulator-Hint`
    # Where the status of the refusal, or the shape of its body, comes from elsewhere.
    status_basis: Basis | None = None
    body_basis: Basis | None = None

    @property
    def of_status(self) -> Basis:
        """The basis of the refusal's status: that of the demand, unless the rule names another."""
        return self.status_basis or Basis(self.standing, self.source)

    @property
    def of_body(self) -> Basis:
        """The basis of the shape of the refusal's body: that of the status, unless the rule names another."""
        return self.body_basis or self.of_status

    @property
    def name(self) -> str:
        """The last word of `place`: the parameter that the rule is about."""
        return self.place.rpartition(".")[2]


class Json(StrEnum):
    """The JSON types of members."""

    STRING = "string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    OBJECT = "object"
    ARRAY = "array"


_PYTHON: dict[Json, type] = {
    Json.STRING: str, Json.BOOLEAN: bool, Json.INTEGER: int, Json.OBJECT: dict, Json.ARRAY: list,
}  # fmt: skip


def is_type(value: object, kind: Json) -> bool:
    """Whether a parsed JSON value is of that type; `true` is no integer, `1.0` is one (JSON knows one number)."""
    # A JSON parser returns exactly these types, so `True`, which Python counts among the `int`, is no integer here.
    return type(value) is _PYTHON[kind] or (kind is Json.INTEGER and type(value) is float and value.is_integer())


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a request body."""

    path: tuple[str, ...]
    type: Json
    slug: str  # its name in rule ids
    description: str

    @property
    def place(self) -> str:
        return "body." + ".".join(self.path)

    def of(self, body: Any) -> Any:
        """The member's value; None when it, or an object on the way to it, is null, absent or no object."""
        for name in self.path:
            if type(body) is not dict:
                return None
            body = body.get(name)
        return body

    def well_typed(self, request: VendorRequest, view: SandboxView) -> bool:
        """Whether the member is absent, null or of its type."""
        value = self.of(request.body)
        return value is None or is_type(value, self.type)

    def passes(self, test: Callable[[Any], bool]) -> Check:
        """A check of the member's value; it accepts what is absent, null or of another type."""

        def check(request: VendorRequest, view: SandboxView) -> bool:
            value = self.of(request.body)
            return value is None or not is_type(value, self.type) or test(value)

        return check


# The most members of a refused body that are compared with the right spelling.
_MOST_COMPARED = 1_000


def misspelt(*fields: Field) -> Hint:
    """The hint for required members: one that the body has under a name with other letter case or separators.

    A member of an inner object is also looked for outside of it (`first_name` for `candidate.first_name`).
    """

    def hint(request: VendorRequest, view: SandboxView) -> str | None:
        body = request.body if isinstance(request.body, Mapping) else {}
        paths: list[tuple[str, ...]] = []
        for name, value in islice(body.items(), _MOST_COMPARED):
            paths.append((name,))
            if isinstance(value, Mapping) and len(paths) < _MOST_COMPARED:
                paths += [(name, inner) for inner in value]
        for field in fields:
            wanted = [*map(folded, field.path)]
            for path in paths[:_MOST_COMPARED]:
                same = len(path) == len(wanted) and [*map(folded, path)] == wanted
                outside = len(path) < len(wanted) and folded(path[-1]) == wanted[-1]
                if path != field.path and (same or outside):
                    return f"body.{'.'.join(map(plain, path))} is unknown; did you mean {'.'.join(field.path)}?"
        return None

    return hint


def misspelt_query(*names: str) -> Hint:
    """The hint for required query parameters: one that was sent with other letter case or separators."""

    def hint(request: VendorRequest, view: SandboxView) -> str | None:
        for name in islice(request.query, _MOST_COMPARED):
            right = meant(name, names)
            if right is not None:
                return f"query.{plain(name)} is unknown; did you mean {right}?"
        return None

    return hint


def unreadable(request: VendorRequest, view: SandboxView) -> str | None:
    """The hint for a body that cannot be read, where the cause is known."""
    if request.media_type == FORM and request.body is not MISSING:
        return media_type_hint(request, view)
    if request.body is MISSING:
        return "the request has no body"
    return request.body.hint if isinstance(request.body, Unreadable) else None


def media_type_hint(request: VendorRequest, view: SandboxView) -> str:
    """The hint for a body of another media type than JSON."""
    form = "; curl sends a form unless you use --json, or -H 'Content-Type: application/json'"
    return f"send Content-Type: application/json{form if request.media_type == FORM else ''}"


def not_an_object(request: VendorRequest, view: SandboxView) -> str:
    """The hint for a body of another JSON type than an object."""
    if isinstance(request.body, str):
        return "the body is JSON text in a JSON string: it was encoded twice"
    return "send one object, without an array around it" if isinstance(request.body, list) else "send an object"


def unknown_id(kind: str, name: str) -> Hint:
    """The hint for an id in the path that is none of an existing record."""

    def hint(request: VendorRequest, view: SandboxView) -> str | None:
        id = request.params[name]
        if id.startswith(("{", ":", "<", "$")):
            return f"a placeholder stands in the path; put the {name} there"
        if not view.page(kind, 0, 1):
            return "this sandbox is empty: the key is of another sandbox, or all was lost by a reset or a restart"
        return None if is_uuid(id) else f"the {name} is a UUID, as the response to the creation shows it"

    return hint


def uncompressed(request: VendorRequest, view: SandboxView) -> str:
    """The hint of the rules that refuse a compressed body."""
    return "send the body without Content-Encoding: compressed bodies are not decoded here"


def type_rules(prefix: str, fields: Iterable[Field], status: int) -> tuple[Rule, ...]:
    """One assumed rule a member: a wrong JSON type is refused, never coerced; null means "not sent"."""
    source = ours("a simulator that coerces would hide the caller's bug")
    return tuple(
        Rule(
            f"{prefix}.{field.slug}.type", field.place, f"{'.'.join(field.path)} must be of type {field.type}", status,
            Standing.ASSUMED, source, field.well_typed,
        )
        for field in fields
    )  # fmt: skip


# Hints about credentials: where a key was sent instead, or what is wrong with it. A request that opens no sandbox has
# all of its headers, so a key in another header, in the query or in the body is found by the name that it was sent
# under. A hint repeats no value from such a place, only the name in `sim-<name>`, which is public.

# What is compared of a request's headers, parameters and members.
_MOST = 200
# Characters of a key that are looked at.
_LONGEST_KEY = 300
# Names of what holds a key, without letter case and separators.
_KEY_NAMES = frozenset(
    "accesskey accesstoken apikey apitoken appkey authkey authorization authtoken bearer clientid clientsecret key "
    "ocpapimsubscriptionkey pikey piapikey pymetricsapikey secret subscriptionkey token xaccesstoken xapikey xapitoken "
    "xauthkey xauthorization xauthtoken xkey xpiapikey xtoken".split()
)
_NAME = re.compile(r"sim-[a-z0-9-]{1,64}", re.ASCII)
_NAMED = re.compile(r"sim[-_ .:]?([A-Za-z0-9_. -]{1,64})", re.ASCII | re.IGNORECASE)
# Text that may be a secret behind a name.
_SECRET = re.compile(r"[A-Za-z0-9]{25}", re.ASCII)
_TOKEN = re.compile(r"sim-[a-z0-9-]{1,64}\.[0-9]+\.[0-9a-f]{20,}", re.ASCII | re.IGNORECASE)
_UNFILLED = re.compile(r"[<{$%].*|.*[>}%]|(?:your|my|the)?[-_ ]*(?:api)?[-_ ]*key", re.IGNORECASE | re.DOTALL)


def key_hint(header: str, others: str = "") -> Hint:
    """The hint of the rule that a header must hold a known key; `others` says which headers it goes with."""
    wanted = header.lower()

    def hint(request: VendorRequest, view: SandboxView) -> str:
        right = f"send {header}: {_usual(view)}{others}"
        if wanted in request.headers:
            flaw, fixed = flaw_of_key(request.headers[wanted], view)
            return f"{flaw}; {f'send {header}: {fixed}' if fixed else right}"
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if others and scheme.lower() == "bearer" and not _NAME.fullmatch(token):  # where the vendor reads both headers
            return f"the header {header} is missing beside the access token; {right}"
        place = _misplaced(request)
        return f"{place}, where it is not read; {right}" if place else f"the header {header} is missing; {right}"

    return hint


def client_hint(request: VendorRequest, view: SandboxView) -> str:
    """The hint of the rule that `client_id` and `client_secret` must be those of a known client."""
    id, secret = request.body["client_id"], request.body["client_secret"]
    right = "send client_id: " + _usual(view) + (", and any client_secret" if view.open_access else "")
    if not secret:
        return "client_secret is empty; " + (
            "in open access it may be any other text" if view.open_access else "send the one of this client"
        )
    if _NAME.fullmatch(secret) and not _NAME.fullmatch(id):
        return f"client_id and client_secret seem to be in each other's place; {right}"
    flaw, fixed = flaw_of_key(id, view)
    return f"{flaw}; {f'send client_id: {fixed}' if fixed else right}"


def _usual(view: SandboxView) -> str:
    if view.open_access:
        return "sim-<name>, name in a-z 0-9 -"
    return "the credential that opening the sandbox returned (POST /_simulator/sandboxes): access is closed here"


def flaw_of_key(sent: str, view: SandboxView) -> tuple[str, str]:
    """What is wrong with a key that opens no sandbox, and the key that was probably meant, or ""."""
    inner = sent.strip()[:_LONGEST_KEY].strip("\"'`").strip()  # cut, because the patterns take long for long texts
    scheme, blank, rest = inner.partition(" ")
    if not inner:
        return "the key is empty", ""
    if "," in inner:
        return "the key was sent twice, or two keys were", ""
    if _TOKEN.search(inner):
        return "this is an access token, which belongs into Authorization: Bearer <access token>", ""
    if blank and scheme.lower() in ("bearer", "basic", "token", "apikey", "key"):
        fixed = rest if view.open_access and _NAME.fullmatch(rest) else ""
        return f"the key stands alone, without the word {scheme.capitalize()} before it", fixed
    if _UNFILLED.fullmatch(inner):
        return "a placeholder was sent instead of a key", ""
    if not view.open_access:
        return "this key is unknown: it is mistyped, was renewed, or its sandbox was deleted", ""
    if _NAME.fullmatch(inner):
        return "the key stands without quotation marks", inner
    if inner.lower() in ("sim", "sim-"):
        return "the name after sim- is missing", ""
    if inner[:3].lower() == "sim" and inner.isascii() and len(inner) > len("sim-") + 64:
        return "the name after sim- is longer than 64 characters", ""
    named = _NAMED.fullmatch(inner)
    if named is None or _SECRET.search(inner):
        return "this key opens no sandbox", ""
    name = re.sub(r"[^a-z0-9-]", "-", named[1].lower())
    if inner != inner.lower():
        return "a sandbox's name has no capital letters", f"sim-{name}"
    return "a sandbox's name has a-z, 0-9 and - only", f"sim-{name}"


def _misplaced(request: VendorRequest) -> str:
    """The place of a request where a key seems to be; "" if there is none. It is never the value."""
    scheme = request.headers.get("authorization", "").partition(" ")[0].lower()
    if scheme in ("bearer", "basic"):
        return f"a credential is in Authorization: {scheme.capitalize()}"
    for name in [*request.headers][:_MOST]:
        if folded(name) in _KEY_NAMES:
            return f"a key is in the header {plain(name)}"
    for place, names in (("parameter {} of the query", request.query), ("member {} of the body", request.body)):
        for name in [*names][:_MOST] if isinstance(names, Mapping) else ():
            if folded(name) in _KEY_NAMES:
                return f"a key is in the {place.format(plain(name))}"
    return ""
