"""What goes wrong on the way, with either vendor: slow, cut, garbled, refused, too much, not now."""

from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from assessment_contracts.clients.compare import ticks
from assessment_contracts.clients.harness import Call, ClientContext, Harness
from assessment_contracts.clients.properties.trade import TRADES, Trade, fault
from assessment_contracts.clients.property import contract
from assessment_contracts.property import Property, given
from assessment_contracts.sources import Standing, ours

NETWORK = ours("networks lose, delay and damage answers, whatever a document promises")
LIMITS = ours("429 and Retry-After are HTTP's own (RFC 6585, RFC 9110); neither vendor's pages say more of them")
GROWTH = ours("no page says that what is listed will stay all there is; pymetrics' own list grew from 1.3.0 to 2.2.0")
_MOST = 10
"""More requests than these for one call are no longer patience."""


def no_false_report(trade: Trade, harness: Harness, call: Call, id: str | None = None) -> None:
    """Assert that a call under trouble ended in an error, or told the truth all the same."""
    harness.faults()  # the suite is about to look for itself
    if call.error is not None:
        return
    face = trade.made(call) if id is None else trade.found(call)
    known = [one["id"] for one in harness.invitations()]
    assert face[trade.id] in known, f"{trade.id} {face[trade.id]!r} is reported, and the vendor knows {known}"
    trade.told_truly(harness, face)


def _spoilt(trade: Trade, do: str, what: str, why: str) -> Property:
    """A spoilt answer ends in an error, or in a true report after another try."""

    @contract(
        trade.feature, f"{what}_answer_is_no_answer",
        f"An answer that is {what} ends in an error or is asked for again, and is never taken for one", NETWORK,
        examples=0.7, why=why,
    )  # fmt: skip
    @given(reading=st.booleans(), times=st.sampled_from([1, None]))
    def test(context: ClientContext, reading: bool, times: int | None) -> None:
        harness = context.harness()
        if reading:
            id = trade.begun(harness)
            harness.faults(*fault(trade.reads, do, times=times))
            no_false_report(trade, harness, trade.read(harness, id), id)
        else:
            harness.faults(*fault(trade.creates, do, times=times))
            no_false_report(trade, harness, trade.create(harness))

    return test


def _slow(trade: Trade) -> Property:
    @contract(
        trade.feature, "slow_answer_ends_in_an_error", "A client that waits for an answer gives up in time", NETWORK
    )
    def test(context: ClientContext) -> None:
        """An answer that takes longer than anybody waits is no answer. A client without a limit of its own holds a
        thread, a connection and in the end a person for as long as the vendor likes.
        """
        harness = context.harness()
        id = trade.begun(harness)
        harness.faults(*fault(trade.reads, "delay", duration="PT20S"))  # longer than a call may take
        call = trade.read(harness, id)
        assert call.error is not None, f"an answer was reported before one came: {call.told}"

    return test


def _incomplete(trade: Trade) -> Property:
    gone = {trade.wrapped: None} if trade.wrapped else {trade.id: None}

    @contract(
        trade.feature, "answer_without_its_subject_is_an_error",
        f"An answer of success without the {trade.thing} in it ends in an error", NETWORK, examples=0.4,
    )  # fmt: skip
    @given(reading=st.booleans())
    def test(context: ClientContext, reading: bool) -> None:
        """A status of success is a promise, not a proof. A proxy's own page or a vendor's mistake may stand behind it;
        a client that reports it as the thing that was asked for passes the damage on to where nobody will find it.
        """
        harness = context.harness()
        if reading:
            id = trade.begun(harness)
            harness.faults(*fault(trade.reads, "amend", merge={trade.id: None}))
            call = trade.read(harness, id)
        else:
            harness.faults(*fault(trade.creates, "amend", merge=gone))
            call = trade.create(harness)
        assert call.error is not None, f"there was no {trade.thing} in the answer, and this was reported: {call.told}"

    return test


def _refusal(trade: Trade) -> Property:
    @contract(
        trade.feature, "refusal_is_told_as_one",
        "A call that the vendor refuses ends in an error of the kind `refused`, and is not sent again", trade.errors,
        Standing.DOCUMENTED, examples=0.7,
    )  # fmt: skip
    @given(status=st.sampled_from([400, 404, trade.stranger]))
    def test(context: ClientContext, status: int) -> None:
        """The same request would be refused again, so repeating it helps nobody; and what the vendor answered is an
        error, not a thing. Its caller needs to know that waiting will not help.
        """
        harness = context.harness()
        if status == 404:
            call = trade.read(harness, "6b1f7f6e-1111-4111-8111-111111111111")
        elif status == 400:
            call = trade.create(harness, {**trade.wish(), **trade.flaw})
        else:
            harness.open(api_key="a-strangers-key")
            call = trade.create(harness)
        assert call.error is not None, f"the vendor refused with {status}, and this was reported: {call.told}"
        assert call.error.kind == "refused", f"the vendor refused with {status}; the client says {call.told}"
        sent = [call for call in harness.calls(*trade.creates, *trade.reads) if call["status"] == status]
        assert len(sent) <= 1, f"a refused request was sent {len(sent)} times"

    return test


def _unknown_members(trade: Trade) -> Property:
    new: dict[str, Any] = {"addedLater": {"since": "2027-01-01", "n": 1}, "also_new": ["x", None]}

    @contract(
        trade.feature, "unknown_members_do_no_harm",
        f"A member of the {trade.thing} that no document names disturbs nothing", GROWTH, examples=0.4,
    )  # fmt: skip
    @given(reading=st.booleans())
    def test(context: ClientContext, reading: bool) -> None:
        """Vendors add members without a new version. A client that fails on one it does not know fails on the day of
        the vendor's release, with nothing changed on its own side.
        """
        harness = context.harness()
        if reading:
            id = trade.begun(harness)
            harness.faults(*fault(trade.reads, "amend", merge=new))
            face = trade.found(trade.read(harness, id))
        else:
            harness.faults(*fault(trade.creates, "amend", merge={trade.wrapped: new} if trade.wrapped else new))
            face = trade.made(trade.create(harness))
        harness.faults()
        trade.told_truly(harness, face)

    return test


def _unknown_state(trade: Trade) -> Property:
    @contract(
        trade.feature, f"unknown_{trade.state_name}_is_reported",
        f"A {trade.state_name} that no document names is reported as it is", GROWTH, examples=0.4,
    )  # fmt: skip
    @given(strange=st.sampled_from(trade.strange))
    def test(context: ClientContext, strange: Any) -> None:
        """Lists of states grow. Whoever knows the old ones alone must neither fail at the sight of a new one, for then
        nothing else of the answer can be read, nor take it for one that it knows.
        """
        harness = context.harness()
        id = trade.begun(harness)
        harness.faults(*fault(trade.reads, "amend", merge={trade.state: strange}))
        face = trade.found(trade.read(harness, id))
        assert face.get(trade.state) == strange, f"{strange!r} is reported as {face.get(trade.state)!r}"

    return test


def _escaped(trade: Trade) -> Property:
    @contract(
        trade.feature, "id_stays_one_segment", "An id is escaped where it becomes part of a path",
        ours("ids are opaque strings to a client; RFC 3986 says how one becomes a segment"), examples=0.5,
    )  # fmt: skip
    @given(id=st.sampled_from(["no such id", "a?b=c", "a#b", "100%", "é", "a&b+c"]))
    def test(context: ClientContext, id: str) -> None:
        """Ids come from data bases, forms and links. One with a question mark in it must not turn into a query, or the
        client asks for something else than it was told to.
        """
        harness = context.harness()
        trade.read(harness, id)
        sent = harness.calls(*trade.reads)
        assert sent, f"the request for {id!r} never came in as one"
        came = sent[-1]["path"]
        assert came.endswith((f"/{id}", f"/{quote(id, safe='')}")), f"{id!r} came in as {came!r}"

    return test


def _patience(trade: Trade) -> Property:
    @contract(
        trade.patience, "outage_is_outlived", "A reading that fails for a moment is tried again until it works",
        trade.errors, Standing.DOCUMENTED, examples=0.4,
    )  # fmt: skip
    @given(times=st.integers(1, 2))
    def test(context: ClientContext, times: int) -> None:
        """The vendor says that the same request may succeed later (pymetrics: `recoverable`; The Predictive Index: the
        API is down for maintenance). Reading changes nothing, so trying again costs nothing but a little time.
        """
        harness = context.harness()
        id = trade.begun(harness)
        harness.faults(*fault(trade.reads, "status", status=503, times=times))
        face = trade.found(trade.read(harness, id))
        harness.faults()
        trade.told_truly(harness, face)

    return test


def _retry_after(trade: Trade) -> Property:
    @contract(
        trade.patience, "retry_after_is_honoured", "After a 429 the client waits as long as it was told to, then asks "
        "again", LIMITS, examples=0.1,
    )  # fmt: skip
    def test(context: ClientContext) -> None:
        """Retry-After is the vendor's own word for when the next request is welcome. An earlier one is refused again,
        and makes the waiting longer for everybody; a client that gives up at once makes its caller write the loop.
        """
        harness = context.harness()
        id = trade.begun(harness)
        harness.faults(*fault(trade.reads, "rate_limit", retry_after=1, times=1))
        trade.found(trade.read(harness, id))
        first, second = harness.calls(*trade.reads)[:2]
        waited = ((ticks(second["at"]) or 0) - (ticks(first["at"]) or 0)) / 10**9
        assert waited >= 0.95, f"the next request came {waited:.2f} s after a 429 with Retry-After: 1"

    return test


def _bounded(trade: Trade) -> Property:
    @contract(
        trade.feature, "rate_limit_ends_in_an_error", "A 429 that does not go away ends in an error, after a few "
        "requests", LIMITS, examples=0.4,
    )  # fmt: skip
    @given(after=st.sampled_from([0, 3600]))
    def test(context: ClientContext, after: int) -> None:
        """A client that only tries again, however often it is refused, adds to the load. It sends a few requests at
        most, does not wait for an hour, and reports that the vendor is not available.
        """
        harness = context.harness()
        id = trade.begun(harness)
        harness.faults(*fault(trade.reads, "rate_limit", retry_after=after))
        call = trade.read(harness, id)
        assert call.error is not None, f"every request was refused with 429, and this was reported: {call.told}"
        assert call.error.kind == "unavailable", f"after 429 the client says {call.told}, not that it may work later"
        sent = len(harness.calls(*trade.reads))
        assert sent <= _MOST, f"{sent} requests, each answered 429 with Retry-After: {after}"

    return test


_CUT = """Half an answer looks like a whole one to a reader that does not compare lengths or parse to the end. What is
reported must have been said: after a cut the client knows nothing, and either asks again or says so."""
_GARBLED = """What cannot be parsed is not an answer. It may be a proxy's page, or damage on the way; whoever reports an
empty thing, or the last one it has seen, invents."""


def _all(trade: Trade) -> tuple[Property, ...]:
    return (
        _refusal(trade), _spoilt(trade, "cut", "cut", " ".join(_CUT.split())),
        _spoilt(trade, "garble", "garbled", " ".join(_GARBLED.split())), _incomplete(trade), _slow(trade),
        _bounded(trade), _unknown_members(trade), _unknown_state(trade), _escaped(trade), _patience(trade),
        _retry_after(trade),
    )  # fmt: skip


PROPERTIES = tuple(property for trade in TRADES for property in _all(trade))
