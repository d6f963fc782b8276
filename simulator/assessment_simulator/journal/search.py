"""Finds invitations, deliveries and mails by what a person would know of them.

A record is parsed only when its bytes already hold what is sought, so ten thousand are looked through at a glance.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from assessment_simulator.core.retry_schedule import Delivery
from assessment_simulator.core.states import Machine, State
from assessment_simulator.core.vendor import Invitation, Vendor
from assessment_simulator.http.query_parameters import older
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.sandbox.state import Stored
from assessment_simulator.storage import json_codec

Wish = Mapping[str, Any]
"""The parameters of a query by name; those that are not there are not asked for."""


class Found(NamedTuple):
    """An invitation as it is stored, and whose it is."""

    vendor: Vendor
    stored: Stored


def state_title(machine: Machine, state: State) -> str:
    """A state as people say it: pymetrics' are words already, The Predictive Index's are numbers with a word."""
    return state if isinstance(state, str) else f"{machine.states.get(state, 'unknown')} ({state})"


def invitations(sandbox: Sandbox, wish: Wish) -> Iterator[Found]:
    """The invitations that are wished for, newest first: by `vendor`, `status`, `before` and the text `q`."""
    ids = older(_ids(sandbox), wish.get("before"), str)
    vendors = [vendor for vendor in sandbox.vendors.values() if wish.get("vendor") in (None, vendor.id)]
    found = (one for id in ids if (one := _stored(sandbox, vendors, id)) is not None)
    if "status" in wish:
        found = (one for one in found if str(one.stored.status) == wish["status"])
    return filter(_search(vendors, wish["q"]), found) if wish.get("q") else found


def _ids(sandbox: Sandbox) -> Iterator[str]:
    chain = sandbox.state.indexes.get(("invitation", ""))
    while chain is not None:
        yield chain[0]
        chain = chain[1]


def _stored(sandbox: Sandbox, vendors: Iterable[Vendor], id: str) -> Found | None:
    for vendor in vendors:
        stored = sandbox.state.get(vendor.kind, id)
        if stored is not None:
            return Found(vendor, stored)
    return None


def _search(vendors: Iterable[Vendor], text: str) -> Callable[[Found], bool]:
    states = {
        (vendor.id, state)
        for vendor in vendors
        for state in vendor.machine.states
        if text in state_title(vendor.machine, state).casefold()
    }
    hint = _hint(text)

    def fits(one: Found) -> bool:
        if (one.vendor.id, one.stored.status) in states or text in one.stored.id.casefold():
            return True
        return hint in one.stored.raw.decode().casefold() and text in _words(one.vendor.view(one.stored))

    return fits


def _hint(text: str) -> str:
    """What a record that holds the text has in its JSON: the longest piece of it that no name needs a space for."""
    return max((json_codec.dumps(word).decode()[1:-1] for word in text.split()), key=len, default="")


def _words(invitation: Invitation) -> str:
    """What a person would know of an invitation, in small letters."""
    candidate = invitation.candidate
    name = " ".join(filter(None, (candidate["first_name"], candidate["last_name"])))
    known = (name, candidate["email"], candidate["external_id"], *invitation.references)
    return "\n".join(filter(None, known)).casefold()


def deliveries(sandbox: Sandbox, wish: Wish) -> Iterator[Delivery]:
    """The deliveries that are wished for, newest first: by `state`, `invitation`, `before` and the text `q`."""
    all_of_them = [*sandbox.state.deliveries.values()][::-1]  # it may change while it is looked at
    found = older(all_of_them, wish.get("before"), lambda one: one.id)
    if "state" in wish:
        found = (one for one in found if one.state == wish["state"])
    if "invitation" in wish:
        found = (one for one in found if one.event.invitation == wish["invitation"])
    if wish.get("q"):
        found = (one for one in found if wish["q"] in _known(one))
    return found


def _known(delivery: Delivery) -> str:
    return f"{delivery.id}\n{delivery.event.invitation}\n{delivery.event.url}\n{delivery.state}".casefold()


def mails(sandbox: Sandbox, wish: Wish) -> Iterator[Stored]:
    """The mails that are wished for, newest first: by `invitation`, `before` and the text `q`."""
    found = older(sandbox.state.newest("mail"), wish.get("before"), lambda one: one.id)
    if "invitation" in wish:
        invitation = wish["invitation"]
        hint = invitation.encode()
        found = (one for one in found if hint in one.raw and one.public["invitation"] == invitation)
    if wish.get("q"):
        found = (one for one in found if _mentions(one, wish["q"]))
    return found


def _mentions(mail: Stored, text: str) -> bool:
    if _hint(text) not in mail.raw.decode().casefold():
        return False
    face = mail.public
    return text in f"{face['to']}\n{face['subject']}".casefold()
