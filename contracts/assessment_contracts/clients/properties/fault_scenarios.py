"""Faults with either vendor: slow, cut, garbled and incomplete responses, refusals, outages and rate limits."""

from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from assessment_contracts.clients.compare import ticks
from assessment_contracts.clients.harness import Call, ClientContext, Harness
from assessment_contracts.clients.properties.trade import TRADES, Trade, fault
from assessment_contracts.clients.property import contract
from assessment_contracts.property import Property, given
from assessment_contracts.sources import Standing, ours

NETWORK = ours("networks lose, delay and damage responses, whatever a document promises")
LIMITS = ours("429 and Retry-After are defined by HTTP (RFC 6585, RFC 9110); neither vendor's pages add to that")
GROWTH = ours("no page says that its list is complete for ever; pymetrics' own list grew from 1.3.0 to 2.2.0")
_MOST = 10
"""The most requests that a client may send for one call."""


def _faulty(context: ClientContext, trade: Trade, is_reading: bool, do: str, **more: Any) -> tuple[Harness, Call]:
    """Read what exists, or create something, while this fault is injected."""
    harness = context.harness()
    id = trade.begun(harness) if is_reading else ""
    harness.faults(*fault(trade.reads if is_reading else trade.creates, do, **more))
    return harness, trade.read(harness, id) if is_reading else trade.create(harness)


def check_report(trade: Trade, harness: Harness, call: Call, is_reading: bool) -> None:
    """Assert that what a call reports exists at the vendor, and is reported as the vendor shows it."""
    harness.faults()  # the vendor is read here, too
    face = trade.found(call) if is_reading else trade.made(call)
    known = [one["id"] for one in harness.invitations()]
    assert face[trade.id] in known, f"the client reports {trade.id} {face[trade.id]!r}; the vendor has {known}"
    trade.told_truly(harness, face)


def _damaged(trade: Trade, do: str, what: str, why: str) -> Property:
    @contract(
        trade.feature, f"{what}_answer_is_no_answer",
        f"A response that is {what} leads to an error or to another request, and is never used", NETWORK,
        examples=0.7, why=why,
    )  # fmt: skip
    @given(reading=st.booleans(), times=st.sampled_from([1, None]))
    def test(context: ClientContext, reading: bool, times: int | None) -> None:
        harness, call = _faulty(context, trade, reading, do, times=times)
        if call.error is None:
            check_report(trade, harness, call, reading)

    return test


def _slow(trade: Trade) -> Property:
    @contract(
        trade.feature, "slow_answer_ends_in_an_error", "A client stops waiting for a response after a time", NETWORK
    )
    def test(context: ClientContext) -> None:
        """Without a time limit of its own a client holds a thread and a connection for as long as the vendor takes."""
        _, call = _faulty(context, trade, True, "delay", duration="PT20S")  # longer than a call may take
        assert call.error is not None, f"no response had arrived, and the client reported {call.outcome}"

    return test


def _incomplete(trade: Trade) -> Property:
    wrapper = trade.wrapped or trade.id

    @contract(
        trade.feature, "answer_without_its_subject_is_an_error",
        f"A successful response without the {trade.thing} in it leads to an error", NETWORK, examples=0.4,
    )  # fmt: skip
    @given(reading=st.booleans())
    def test(context: ClientContext, reading: bool) -> None:
        """A successful status does not prove that the body is right: a proxy may have sent its own page, or the vendor
        may have a bug. A client that reports such a body hides the problem from its caller.
        """
        _, call = _faulty(context, trade, reading, "amend", merge={trade.id if reading else wrapper: None})
        assert call.error is not None, f"the response had no {trade.thing}, and the client reported {call.outcome}"

    return test


def _refusal(trade: Trade) -> Property:
    @contract(
        trade.feature, "refusal_is_told_as_one",
        "A request that the vendor refuses leads to an error of the kind `refused`, and is not repeated", trade.errors,
        Standing.DOCUMENTED, examples=0.7,
    )  # fmt: skip
    @given(status=st.sampled_from([400, 404, trade.stranger]))
    def test(context: ClientContext, status: int) -> None:
        """The same request would be refused again. The caller must learn that it failed, and that waiting does not
        help.
        """
        harness = context.harness()
        if status == 404:
            call = trade.read(harness, "6b1f7f6e-1111-4111-8111-111111111111")
        elif status == 400:
            call = trade.create(harness, {**trade.wish(), **trade.flaw})
        else:
            harness.open(api_key="an-unknown-key")
            call = trade.create(harness)
        assert call.error is not None, f"the vendor refused with {status}, and the client reported {call.outcome}"
        assert call.error.kind == "refused", f"the vendor refused with {status}; the client reports {call.outcome}"
        sent = [call for call in harness.calls(*trade.creates, *trade.reads) if call["status"] == status]
        assert len(sent) <= 1, f"a refused request was sent {len(sent)} times"

    return test


def _unknown_members(trade: Trade) -> Property:
    new: dict[str, Any] = {"addedLater": {"since": "2027-01-01", "n": 1}, "also_new": ["x", None]}

    @contract(
        trade.feature, "unknown_members_do_no_harm",
        f"An undocumented member of the {trade.thing} has no effect", GROWTH, examples=0.4,
    )  # fmt: skip
    @given(reading=st.booleans())
    def test(context: ClientContext, reading: bool) -> None:
        """Vendors add members without a new version of the API. A client that fails on an unknown one stops working
        when the vendor releases it.
        """
        merge = {trade.wrapped: new} if trade.wrapped and not reading else new
        harness, call = _faulty(context, trade, reading, "amend", merge=merge)
        check_report(trade, harness, call, reading)

    return test


def _unknown_state(trade: Trade) -> Property:
    @contract(
        trade.feature, f"unknown_{trade.state_name}_is_reported",
        f"An undocumented {trade.state_name} is reported unchanged", GROWTH, examples=0.4,
    )  # fmt: skip
    @given(strange=st.sampled_from(trade.strange))
    def test(context: ClientContext, strange: Any) -> None:
        """Vendors add states. A client that knows only the old ones must not fail on a new one, because then the rest
        of the response is lost, and must not report it as one that it knows.
        """
        _, call = _faulty(context, trade, True, "amend", merge={trade.state: strange})
        found = trade.found(call).get(trade.state)
        assert found == strange, f"{strange!r} is reported as {found!r}"

    return test


def _escaped(trade: Trade) -> Property:
    @contract(
        trade.feature, "id_stays_one_segment", "An id is escaped where it becomes part of a path",
        ours("ids are opaque strings to a client; RFC 3986 says how a string becomes a segment"), examples=0.5,
    )  # fmt: skip
    @given(id=st.sampled_from(["no such id", "a?b=c", "a#b", "100%", "é", "a&b+c"]))
    def test(context: ClientContext, id: str) -> None:
        """Ids come from databases, forms and links. If a question mark in one begins a query, the client requests
        something else.
        """
        harness = context.harness()
        trade.read(harness, id)
        sent = harness.calls(*trade.reads)
        assert sent, f"no request to read {id!r} arrived"
        path = sent[-1]["path"]
        assert path.endswith((f"/{id}", f"/{quote(id, safe='')}")), f"{id!r} arrived as {path!r}"

    return test


def _patience(trade: Trade) -> Property:
    @contract(
        trade.patience, "outage_is_outlived", "A read that fails for a moment is repeated until it succeeds",
        trade.errors, Standing.DOCUMENTED, examples=0.4,
    )  # fmt: skip
    @given(times=st.integers(1, 2))
    def test(context: ClientContext, times: int) -> None:
        """The vendor says that the same request may succeed later (pymetrics: `recoverable`; The Predictive Index: the
        API is down for maintenance). A read changes nothing, so it can be repeated.
        """
        harness, call = _faulty(context, trade, True, "status", status=503, times=times)
        check_report(trade, harness, call, is_reading=True)

    return test


def _retry_after(trade: Trade) -> Property:
    @contract(
        trade.patience, "retry_after_is_honoured", "After a 429 the client repeats the request when Retry-After "
        "says so", LIMITS, examples=0.1,
    )  # fmt: skip
    def test(context: ClientContext) -> None:
        """Retry-After says when the next request will be accepted; an earlier one is refused again. If the client gives
        up at once, every caller has to write the loop.
        """
        harness, call = _faulty(context, trade, True, "rate_limit", retry_after=1, times=1)
        trade.found(call)
        first, second = harness.calls(*trade.reads)[:2]
        waited = ((ticks(second["at"]) or 0) - (ticks(first["at"]) or 0)) / 10**9
        assert waited >= 0.95, f"the next request arrived {waited:.2f} s after a 429 with Retry-After: 1"

    return test


def _bounded(trade: Trade) -> Property:
    @contract(
        trade.feature, "rate_limit_ends_in_an_error", "Repeated 429s lead to an error after a few requests", LIMITS,
        examples=0.4,
    )  # fmt: skip
    @given(after=st.sampled_from([0, 3600]))
    def test(context: ClientContext, after: int) -> None:
        """A client that repeats its request without a limit adds to the load. It must send a few requests at most, not
        wait for an hour, and report that the vendor is not available.
        """
        harness, call = _faulty(context, trade, True, "rate_limit", retry_after=after)
        assert call.error is not None, f"every request was refused with 429, and the client reported {call.outcome}"
        assert call.error.kind == "unavailable", f"after 429 the client reports {call.outcome}, not `unavailable`"
        sent = len(harness.calls(*trade.reads))
        assert sent <= _MOST, f"{sent} requests, each answered 429 with Retry-After: {after}"

    return test


_CUT = """To a reader that does not compare lengths or parse to the end, half a response looks complete. After a cut
the client knows nothing: it repeats the request, or reports an error."""
_GARBLED = """A body that cannot be parsed may be the page of a proxy, or damaged. A client that reports an empty
object, or the last one that it has seen, reports what the vendor did not send."""


def _all(trade: Trade) -> tuple[Property, ...]:
    return (
        _refusal(trade), _damaged(trade, "cut", "cut", " ".join(_CUT.split())),
        _damaged(trade, "garble", "garbled", " ".join(_GARBLED.split())), _incomplete(trade), _slow(trade),
        _bounded(trade), _unknown_members(trade), _unknown_state(trade), _escaped(trade), _patience(trade),
        _retry_after(trade),
    )  # fmt: skip


PROPERTIES = tuple(property for trade in TRADES for property in _all(trade))
