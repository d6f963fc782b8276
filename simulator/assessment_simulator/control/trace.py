"""The trace: one page about a sandbox, to keep and read without a server, such as beside the output of a failed test.

It loads nothing and has no scripts. Secrets are redacted as in the request journal, also in webhooks and mails. Its
size is bounded: texts are cut shorter, and at last left out, until the page fits.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from itertools import islice
from typing import Any

from starlette.responses import Response

from assessment_simulator.control.bodies import values
from assessment_simulator.control.deliveries import WholeDelivery, delivery_view
from assessment_simulator.control.operation import ControlCall
from assessment_simulator.control.settings import shown
from assessment_simulator.core import instant
from assessment_simulator.core.text import pretty
from assessment_simulator.http.templating import filled
from assessment_simulator.journal import search
from assessment_simulator.journal.redaction import Mask
from assessment_simulator.journal.views import whole_call_view
from assessment_simulator.storage.pauses import Pause

MEDIA_TYPE = "text/html"
# The newest of each list that the page shows, and most bytes of the page.
MOST, LARGEST = 200, 2_000_000
# Most characters of each text, in the order in which they are tried; with 0, headers and bodies are left out.
_LENGTHS = (10_000, 2_000, 500, 100, 0)
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


async def save(call: ControlCall) -> Response:
    """A page about the sandbox to keep: its last requests, webhooks and mails, secrets hidden."""
    sandbox, mask, pause = call.sandbox, Mask(call.sandbox.name), Pause()
    rules = {rule.id: rule.statement for vendor in sandbox.vendors.values() for rule in vendor.rules}
    calls, deliveries = [], []
    for exchange in islice(reversed(sandbox.journal), MOST):
        one = whole_call_view(exchange, mask, sandbox.links, search.invitation_of(sandbox, exchange))
        for message in filter(None, (one["request"], one["answer"])):
            message |= {"headers": [*message["headers"].items()], "body": _text(message["body"])}
        calls.append(one | {"rules": [(id, rules.get(id, "")) for id in exchange.rules]})
        await pause.if_due()
    for delivery in islice(search.deliveries(sandbox, {}), MOST):
        shown_delivery = values(WholeDelivery, delivery_view(sandbox, delivery))
        for attempt in shown_delivery["attempts"]:
            for message in filter(None, (attempt["request"], attempt["answer"])):
                message["body"] = _text(mask.body(message["body"]))
        deliveries.append(shown_delivery)
        await pause.if_due()
    context = {
        "name": sandbox.name, "seed": sandbox.seed, "version": call.api.version, "policy": POLICY, "most": MOST,
        "now": instant.seven_digits(sandbox.now()), "mode": sandbox.state.clock.mode, "calls": calls,
        "number_of_calls": len(sandbox.journal), "deliveries": deliveries,
        "mails": [
            {**mail.public, "text": mask.plain(sandbox.links.fill_text(mail.public["text"], call.base))}
            for mail in islice(search.mails(sandbox, {}), MOST)
        ],
        "invitations": _invitations(call),
        "faults": [_text(asdict(fault)) for fault in (sandbox.faults.with_counts() if sandbox.faults else ())],
        "settings": _text(mask.value(shown(sandbox.vendors, sandbox.config))),
    }  # fmt: skip
    # In a thread: a long page takes a while, and other calls are answered meanwhile.
    page = await asyncio.to_thread(_page, context)
    disposition = f'attachment; filename="{sandbox.name}-trace.html"'
    headers = {
        "content-security-policy": POLICY, "content-disposition": disposition, "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }  # fmt: skip
    return Response(page, headers=headers, media_type=MEDIA_TYPE)


def _invitations(call: ControlCall) -> list[dict[str, Any]]:
    found = []
    for one in islice(search.invitations(call.sandbox, {}), MOST):
        invitation = one.vendor.to_invitation(one.stored)
        status = one.vendor.state_machine.title(invitation.status)
        title = one.vendor.title
        found.append({"id": invitation.id, "vendor": title, "status": status, "candidate": invitation.candidate})
    return found


def _page(context: Mapping[str, Any]) -> bytes:
    """The page with the longest texts that fit into it."""
    page = b""
    for length in _LENGTHS:
        # Names of headers and paths stay readable.
        cut = partial(_shortened, most=max(length, 60))
        page = filled("trace.html", cut=cut, length=length, **context).encode()
        if len(page) <= LARGEST:
            break
    return page


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… (cut)"


def _text(body: Any) -> str:
    """A body as text; as long as the page may show it, so that a long one is written once."""
    return _shortened("" if body is None else pretty(body), _LENGTHS[0])
