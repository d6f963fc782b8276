"""Finds invitations, deliveries and mails by what a person knows of them: names, addresses, ids, states.

A record is parsed only if its bytes contain the text, so a search of ten thousand records takes milliseconds.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from assessment_simulator.core.retry_schedule import Delivery
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.sandbox.journal import Exchange
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.sandbox.state import Stored
from assessment_simulator.storage import json_codec

T = TypeVar("T")
# Parameters by name, those that were given: `before` is an id, `q` a casefolded text.
Query = Mapping[str, Any]


class UnknownId(ValueError):
    """`before` is not the id of an entry of the list."""


class Found(NamedTuple):
    """A stored invitation and its vendor."""

    vendor: Vendor
    stored: Stored


def invitations(sandbox: Sandbox, query: Query) -> Iterator[Found]:
    """The invitations, newest first, by `vendor`, `status`, `before` and `q`."""
    vendors = [vendor for vendor in sandbox.vendors.values() if query.get("vendor") in (None, vendor.id)]
    text = query.get("q", "")
    hint = _hint(text)
    states = {
        (vendor.id, state)
        for vendor in vendors
        for state in vendor.state_machine.states
        if text in vendor.state_machine.title(state).casefold()
    }
    for id in older(reversed(sandbox.ids("invitation", "")), query.get("before"), str):
        for vendor in vendors:
            stored = sandbox.state.get(vendor.record_kind, id)
            if stored is not None:
                break
        else:
            continue
        if query.get("status", str(stored.status)) != str(stored.status):
            continue
        if not text or (vendor.id, stored.status) in states or text in stored.id.casefold():
            yield Found(vendor, stored)
        elif hint in stored.raw.decode().casefold():
            invitation = vendor.to_invitation(stored)
            person = invitation.candidate
            name = " ".join(filter(None, (person["first_name"], person["last_name"])))
            known = (name, person["email"], person["external_id"], *invitation.references)
            if text in "\n".join(filter(None, known)).casefold():
                yield Found(vendor, stored)


_UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def invitation_in(sandbox: Sandbox, *texts: bytes) -> str | None:
    """The id of the one invitation that the first text with any names; None if that text names several."""
    for text in texts:
        ids = {id.decode().lower() for id in _UUID.findall(text)}
        found = [id for id in ids if any(id in sandbox.state.tables.get(kind, ()) for kind in sandbox.kinds)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def invitation_of(sandbox: Sandbox, exchange: Exchange) -> str | None:
    """The invitation that a request is about: in its path or query, else in its body, else in the response."""
    request = exchange.request
    return invitation_in(sandbox, request.path.encode() + request.query, exchange.sent, exchange.answer)


def older(newest_first: Iterable[T], id: str | None, id_of: Callable[[T], str]) -> Iterator[T]:
    """The entries after the one with this id, all without an id; raises `UnknownId` when the iteration begins."""
    rest = iter(newest_first)
    if id is not None and all(id_of(one) != id for one in rest):
        raise UnknownId
    yield from rest


def _hint(text: str) -> str:
    """What the JSON of a record that holds the text contains: its longest word (names are joined by a space)."""
    return max((json_codec.dumps(word).decode()[1:-1] for word in text.split()), key=len, default="")


def deliveries(sandbox: Sandbox, query: Query) -> Iterator[Delivery]:
    """The deliveries, newest first, by `state`, `invitation`, `before` and `q`."""
    newest_first = [*sandbox.state.deliveries.values()][::-1]  # a copy: the dictionary may change during the iteration
    text = query.get("q", "")

    def matches(one: Delivery) -> bool:
        if query.get("state", one.state) != one.state:
            return False
        if query.get("invitation", one.event.invitation) != one.event.invitation:
            return False
        return not text or text in f"{one.id}\n{one.event.invitation}\n{one.event.url}\n{one.state}".casefold()

    return filter(matches, older(newest_first, query.get("before"), lambda one: one.id))


def mails(sandbox: Sandbox, query: Query) -> Iterator[Stored]:
    """The mails, newest first, by `invitation`, `before` and `q`."""
    invitation, text = query.get("invitation"), query.get("q", "")
    invitation_hint, text_hint = (invitation or "").encode(), _hint(text)

    def matches(mail: Stored) -> bool:
        if invitation is None and not text:
            return True
        if invitation_hint not in mail.raw or text_hint not in mail.raw.decode().casefold():
            return False
        public = mail.public
        return invitation in (None, public["invitation"]) and text in f"{public['to']}\n{public['subject']}".casefold()

    return filter(matches, older(sandbox.state.newest("mail"), query.get("before"), lambda one: one.id))
