"""Invalid requests as data: for each rule the requests that violate it alone, and one loop that sends them all.

A vendor's `invalid_requests.toml` has valid requests by their names (`requests`), and what makes them invalid
(`invalid`). From the vendor's `tables.toml` follow the values of wrong types, the missing members and the values that
no enumeration has. `{words}` in paths, queries, headers and bodies stand for ids that the vendor's fixtures made.

Each rule is one property. It sends every request of its rule, and compares before and after what can be read.
"""

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.property import Need, Property, contract, given, vendor_of
from assessment_contracts.sandbox import Auth, Sandbox, dumps
from assessment_contracts.sources import Fact, Standing, expanded
from assessment_contracts.tables import Member, Tables
from assessment_contracts.wire import ABSENT, MISSING, Answer

WRONG_TYPES: Mapping[str, tuple[Any, ...]] = {
    "string": (5, True, 1.5, 0, ["text"], {"a": "b"}, [], {}, 5.0, False, [[]], [{}]),
    "boolean": ("true", 1, 0, [True], {}, "", "false", 1.0, [], [[]]),
    "object": ("text", 5, [], [["a", "b"]], False, "", 5.0, [{}], [[]], True),
    "integer": ("1", True, [], 0.5, {}, "", [1], False, "0", [[]], [{}], {"a": 1}),
    "array": ("text", 1, True, {}, {"a": "b"}, "", False, 1.0),
}
"""Values that are not of a JSON type; null is in none of them, because it means "not sent"."""


@dataclass(frozen=True)
class Request:
    """A request as data. `body` names a valid body; `over` is laid over it, or `json` or `content` replace it."""

    method: str
    path: str
    body: str = ""
    over: Mapping[str, Any] | None = None
    json: Any = MISSING
    content: bytes | None = None
    media_type: str | None = "application/json"
    query: Mapping[str, str] | None = None
    headers: Mapping[str, str | None] | None = None
    auth: bool = True

    def __repr__(self) -> str:
        shown = {name: value for name, value in self.__dict__.items() if value not in (None, "", True, MISSING)}
        return " ".join([shown.pop("method"), shown.pop("path"), f"{shown}"[:300]])


@dataclass(frozen=True)
class Vendor:
    """What the loop has to know of a vendor."""

    prefix: str
    auth: Auth
    facts: tuple[Fact, ...]
    folder: Path
    tables: Tables
    bodies: Mapping[str, st.SearchStrategy[Any]]
    """Valid bodies by the names that `requests` gives them."""
    words: Callable[[Sandbox], Mapping[str, str]]
    """What `{words}` stand for."""
    prepared: Callable[[Sandbox, Any], Any]
    """A body as it can be sent: with the ids that only the sandbox knows."""
    readable: Callable[[Sandbox], Any]
    """Everything that can be read, to compare before and after."""
    errors: Mapping[str, Callable[[Answer], None]]
    """Assertions about the format of an error, by the name that `error` gives it."""
    create: Callable[[Sandbox], Any] = lambda sandbox: None
    """Creates what requests refer to that need leave to create what cannot be removed."""

    @cached_property
    def data(self) -> Mapping[str, Any]:
        """The content of `invalid_requests.toml`."""
        return tomllib.loads((self.folder / "invalid_requests.toml").read_text("utf-8"))

    def send(self, sandbox: Sandbox, request: Request, bodies: Mapping[str, Any]) -> Answer:
        """Send one request."""
        words = self.words(sandbox)
        content = request.content
        if content is not None and b"{" in content[:200]:
            content = filled(content.decode("latin-1"), words).encode("latin-1")
        if content is None and request.json is not MISSING:
            content = dumps(request.json)
        if content is None and request.body:
            valid = self.prepared(sandbox, bodies[request.body])
            content = dumps(laid_over(valid, filled(request.over or {}, words)))
        media_type = {"Content-Type": request.media_type} if content is not None else {}
        return sandbox.call(
            request.method, filled(request.path, words), query=filled(request.query, words) or None, content=content,
            headers={**media_type, **filled(request.headers or {}, words)}, auth=self.auth if request.auth else None,
        )  # fmt: skip


def filled(value: Any, words: Mapping[str, str]) -> Any:
    """A value with the meanings of the `{words}` in it."""
    if isinstance(value, Mapping):
        return {name: filled(inner, words) for name, inner in value.items()}
    if isinstance(value, str) and "{" in value:
        for word, meaning in words.items():
            value = value.replace(f"{{{word}}}", meaning)
    return value


def laid_over(valid: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """A body with other values for some members, which dotted names find in inner objects; ABSENT removes one."""
    body = {**valid}
    for place, value in over.items():
        *outer, name = place.split(".")
        inner = body
        for step in outer:
            inner[step] = {**inner[step]}
            inner = inner[step]
        if value is ABSENT:
            inner.pop(name, None)
        else:
            inner[name] = value
    return body


@dataclass(frozen=True)
class Invalid:
    """A rule, the status of its refusals, and requests that violate it; `also` may be violated with it."""

    rule: str
    status: int
    requests: tuple[Request, ...]
    error: str
    also: frozenset[str] = frozenset()
    needs: frozenset[Need] = frozenset()
    name: str = "broken"
    """The last word of the property's id. `odd` requests are those of which no page says whether they are accepted."""
    config: str = ""


def invalid_requests(vendor: Vendor) -> tuple[Invalid, ...]:
    """The invalid requests of a vendor, those of one rule together."""
    found: dict[tuple[str, str], Invalid] = {}
    for one in (
        *_from_tables(vendor),
        *(one for entry in vendor.data["invalid"] for one in _from_entry(vendor, entry)),
    ):
        before = found.get((one.rule, one.name))
        found[one.rule, one.name] = one if before is None else replace(before, requests=before.requests + one.requests)
    return tuple(found.values())


def _from_tables(vendor: Vendor) -> Iterator[Invalid]:
    default = str(vendor.data["error"])
    for table in vendor.tables.requests.values():
        for name in table.to:
            for member in table.members:
                for rule, values in _violations(member):
                    requests = tuple(
                        replace(base, over={**member.beside, member.name: value})
                        for base in _named(vendor, name) for value in values
                    )  # fmt: skip
                    prefix = f"{vendor.prefix}.{table.rules or name}.{member.rule}"
                    yield Invalid(f"{prefix}.{rule}", 400, requests, default)


def _violations(member: Member) -> Iterator[tuple[str, tuple[Any, ...]]]:
    yield "type", WRONG_TYPES[member.type]
    if member.required:
        yield "required", (ABSENT, None)
    if member.values:
        yield "value", _no_value(member.values)
    if member.visible:
        yield "blank", (" ", "  ", "\t\n", "\u00a0", "\u3000\u2003", "\r\n")


def _no_value(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Values that resemble those of an enumeration and are none of them."""
    if isinstance(values[0], str):
        changes = (str.upper, str.lower, str.capitalize, "{} ".format, " {}".format, lambda text: text.replace(" ", ""))
        spelt = (change(value) for value in values for change in changes)
        return (*(text for text in dict.fromkeys(spelt) if text not in values), "", "nobody")
    return (max(values) + 1, -1, 99, 2**31, 1e300)


def _named(vendor: Vendor, name: str, **segments: str) -> list[Request]:
    entry = vendor.data["requests"][name]
    segments = {**entry.get("segments", {}), **segments}
    found = []
    for call in entry["calls"]:
        method, path = filled(call, segments).split(" ", 1)
        more = {name: entry[name] for name in ("body", "query", "auth") if name in entry}
        found.append(Request(method, path, **more))
    return found


def _from_entry(vendor: Vendor, entry: Mapping[str, Any]) -> Iterator[Invalid]:
    """What one entry of `invalid` says. A rule with `{request}` in it holds for each request of `to` by itself."""
    each = [[name] for name in entry.get("to", ())] if "{request}" in entry["rule"] else [entry.get("to", ())]
    for names in each:
        if "calls" in entry:
            headers = json.loads(entry.get("headers", "null"))
            parts = [call.split(" ", 1) for call in entry["calls"]]
            requests = [Request(method, path, headers=headers) for method, path in parts]
        else:
            requests = [request for name in names for request in _changed(vendor, entry, name)]
        for rule in expanded(entry["rule"], {"request": " ".join(names)} | vendor.data.get("words", {})):
            yield Invalid(
                f"{vendor.prefix}.{rule}", entry.get("status", 400), tuple(requests),
                entry.get("error", vendor.data["error"]),
                frozenset(f"{vendor.prefix}.{one}" for one in entry.get("also", ())),
                frozenset(Need[one] for one in entry.get("needs", ())), entry.get("name", "broken"),
                entry.get("config", ""),
            )  # fmt: skip


def _changed(vendor: Vendor, entry: Mapping[str, Any], name: str) -> Iterator[Request]:
    values = entry.get("values", [])
    values = [*(vendor.data["values"][values] if isinstance(values, str) else values)]
    values += [ABSENT] * entry.get("absent", False) + [None] * entry.get("null", False)
    if "segment" in entry:
        for value in values:
            yield from _named(vendor, name, **{entry["segment"]: value})
        return
    for base in _named(vendor, name):
        for value in values:
            if "member" in entry:
                yield replace(base, over={**entry.get("beside", {}), entry["member"]: value})
            elif "option" in entry:
                query = {**(base.query or {}), entry["option"]: value}
                yield replace(base, query={name: text for name, text in query.items() if text is not ABSENT})
            else:
                yield replace(base, headers={entry["header"]: None if value is ABSENT else value})
        yield from (replace(base, over=_parsed(text)) for text in entry.get("over", ()))
        yield from (replace(base, json=_parsed(text)) for text in entry.get("json", ()))
        yield from (replace(base, query=_parsed(text)) for text in entry.get("query", ()))
        contents = [text.encode("latin-1") for text in entry.get("content", ())]
        kinds = entry.get("media_types", ["application/json"] if contents else [])
        for kind in kinds:
            typed = replace(base, media_type=kind or None)
            yield from [replace(typed, content=content) for content in contents] or [typed]
        yield from (replace(base, content=b"{}".ljust(size)) for size in entry.get("sizes", ()))


def _parsed(text: str) -> Any:
    """A JSON text, in which "(absent)" stands for a member that is not sent."""
    value = json.loads(text)
    if isinstance(value, dict):
        return {name: ABSENT if inner == "(absent)" else inner for name, inner in value.items()}
    return value


def refusals(vendor: Vendor) -> tuple[Property, ...]:
    """One property for each rule: its requests are refused for that rule alone, and nothing has changed."""
    return tuple(_property(vendor, one) for one in invalid_requests(vendor))


def _property(vendor: Vendor, invalid: Invalid) -> Property:
    names = {request.body for request in invalid.requests if request.body}

    @given(
        bodies=st.fixed_dictionaries({name: vendor.bodies[name] for name in sorted(names)}), place=st.integers(0, 999)
    )
    def refused(context: Context, bodies: Mapping[str, Any], place: int) -> None:
        """Each request differs from a valid one in one respect. A vendor's own server is sent one of them."""
        sandbox = context.sandbox
        if invalid.config:
            sandbox.config(**json.loads(invalid.config))
        if Need.WRITES in invalid.needs:
            vendor.create(sandbox)
        before, some = vendor.readable(sandbox), len(context.exchanges)
        count = len(invalid.requests)
        chosen = invalid.requests if context.is_simulator else (invalid.requests[place * count // 1000],)
        for request in chosen:
            del context.exchanges[some:]  # what was refused as it should be has no part in a failure
            answer = vendor.send(sandbox, request, bodies)
            check_refusal(answer, invalid.status, {invalid.rule}, f"{request}", invalid.also, context.is_simulator)
            vendor.errors[invalid.error](answer)
        assert vendor.readable(sandbox) == before, f"a request that {invalid.rule} refused has changed something"

    made = contract(
        f"{invalid.rule}.{invalid.name}",
        f"Requests that violate {invalid.rule} return {invalid.status} and change nothing",
        broken=(invalid.rule,), needs=invalid.needs, examples=1 / 6,
        standing=Standing.ASSUMED if invalid.name == "odd" else Standing.DOCUMENTED,
    )  # fmt: skip
    return replace(made(refused), vendor=vendor_of(vendor.prefix))


def check_refusal(
    answer: Answer, status: int, rules: set[str], what: str = "", also: frozenset[str] = frozenset(),
    is_simulator: bool = False,
) -> None:  # fmt: skip
    """Assert that a request was refused with this status, and for these rules; only a simulator must name them."""
    where = f"{what} returned {answer.status}: {answer.text[:200]}"
    assert answer.status == status, f"{where}, not {status}"
    is_named = is_simulator or answer.rules
    assert not is_named or {*answer.rules} - also == rules, f"{where}, refused by {answer.rules}, not by {rules}"
