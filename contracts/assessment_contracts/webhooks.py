"""Webhooks of either vendor: how often, and when, one is attempted that its listener did not accept.

Nine attempts within 24 hours after 408, 429, 500, 502, 503, 504 and silence, each gap twice the one before; any other
status ends them. `advance` waits for the listener's answers, so what was received by then is everything that came.
"""

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

from hypothesis import strategies as st

from assessment_contracts import timestamps
from assessment_contracts.context import Context
from assessment_contracts.kit import Received, Reply
from assessment_contracts.property import given
from assessment_contracts.registry import WEBHOOKS, Registry
from assessment_contracts.sandbox import Sandbox

AT = "2031-01-01T00:00:00.0000000Z"
TRIES = 9
FIRST_GAP = 3_375_000_000
"""Ticks between the first attempt and the second: 5.625 minutes. Each later gap is twice the one before."""
RETRIED = (408, 429, 500, 502, 503, 504)
"""The statuses after which a webhook is attempted again."""
FINAL = (300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 409, 410, 413, 418, 422, 425, 501, 505, 507, 599)
ACCEPTED = (200, 201, 202, 203, 204, 206, 299)


@dataclass(frozen=True)
class Sender:
    """How one vendor comes to send a webhook."""

    setting: str
    """The setting of a sandbox that names the listener."""
    invite: Callable[[Sandbox], str]
    """Creates an invitation; returns its id."""
    action: str
    """What happens to it, so that one webhook is sent."""
    check: Callable[[Received, str], None] = lambda received, at: None
    """Asserts what belongs to one attempt, which was made at this time."""

    def open(self, context: Context, at: str = AT, **config: Any) -> Sandbox:
        """A sandbox of this example alone, its clock frozen, whose webhooks go to the listener."""
        sandbox = context.fresh({self.setting: context.listener.url, **config})
        sandbox.freeze(at)
        return sandbox

    def send(self, sandbox: Sandbox) -> str:
        """Cause one webhook; returns the invitation's id."""
        id = self.invite(sandbox)
        sandbox.act(id, self.action)
        return id


def settled(context: Context, sandbox: Sandbox) -> list[Received]:
    """The webhooks received once everything that is due was sent and answered."""
    sandbox.advance("PT0S")
    return list(context.listener.received)


def deliveries(sandbox: Sandbox, id: str | None = None) -> list[dict[str, Any]]:
    """What was or is to be sent, oldest first; of one invitation if its id is given."""
    return [one for one in sandbox.control_json("GET", "/deliveries") if id in (None, one["invitation"])]


def check_schedule(delivery: Mapping[str, Any], statuses: Sequence[int], state: str, begun: str = AT) -> None:
    """Assert that these were the answers to the attempts, at doubling gaps, and that no other attempt follows."""
    first = timestamps.ticks(begun)
    gaps = [first + FIRST_GAP * (2**number - 1) for number in range(len(statuses))]
    wanted = [(number, at, status or None) for number, (at, status) in enumerate(zip(gaps, statuses, strict=True), 1)]
    found = [(one["number"], timestamps.ticks(one["at"]), one["status"]) for one in delivery["attempts"]]
    assert found == wanted, f"the attempts were {delivery['attempts']}, not {wanted}"
    assert (delivery["state"], delivery["next"]) == (state, None), f"after {statuses}: {delivery}"


def schedule(prefix: str, facts: Any, shows: str, sender: Sender) -> Registry:
    """The properties of one vendor's webhooks."""
    contract = Registry(prefix, facts, WEBHOOKS)

    @contract(shows)
    def every_status(context: Context) -> None:
        """A webhook is attempted nine times after 408, 429, 500, 502, 503 and 504, and once after any other status.

        A listener that is down for a day loses a webhook; one that refuses it, or has moved, does so at once. A
        redirect is not followed.
        """
        sandbox, status_of = sender.open(context), dict[str, int]()
        elsewhere = {"Location": f"{context.listener.url}/elsewhere"}
        context.listener.answers = lambda received: Reply(_of(received, status_of), elsewhere)
        for status in (*RETRIED, *FINAL, *ACCEPTED):
            id = sender.invite(sandbox)
            status_of[id] = status
            sandbox.act(id, sender.action)
        sandbox.advance("PT24H")
        counted = [_of(received, status_of) for received in context.listener.received]
        wrong = {
            status: counted.count(status)
            for status in status_of.values() if counted.count(status) != (TRIES if status in RETRIED else 1)
        }  # fmt: skip
        assert not wrong, f"numbers of attempts after these statuses: {wrong}"
        assert not [one for one in context.listener.received if "elsewhere" in one.path], "a redirect was followed"
        for id, status in status_of.items():
            [delivery] = deliveries(sandbox, id)
            tries = TRIES if status in RETRIED else 1
            check_schedule(delivery, [status] * tries, "delivered" if status in ACCEPTED else "failed")
        sandbox.advance("P30D")
        assert len(context.listener.received) == len(counted), "a tenth attempt was made"

    @contract(shows, examples=0.5)
    @given(
        statuses=st.lists(st.sampled_from((*RETRIED, 0)), min_size=1, max_size=TRIES - 1),
        last=st.sampled_from((200, 204, 404, 503)), at=st.sampled_from((AT, "2024-02-29T23:59:59.9999990Z")),
    )  # fmt: skip
    def ladder(context: Context, statuses: list[int], last: int, at: str) -> None:
        """Each gap is twice the one before, to the tick; every attempt sends the same body.

        A listener that comes back receives the next attempt, and then no more. A connection that is closed without an
        answer counts as a failure (0).
        """
        sandbox = sender.open(context, at)
        answers = [*statuses, *([last] * (TRIES - len(statuses) if last in RETRIED else 1))]
        context.listener.answers = answers
        id = sender.send(sandbox)
        for number in range(len(answers)):
            assert len(settled(context, sandbox)) == number + 1, f"{len(context.listener.received)} attempts"
            if number + 1 < len(answers):
                sandbox.advance(timestamps.duration(FIRST_GAP * 2**number - 10))
                assert len(context.listener.received) == number + 1, f"attempt {number + 2} is too early"
                sandbox.advance(timestamps.duration(10))
        sandbox.advance("P2D")
        received = context.listener.received
        assert [one.body for one in received] == [received[0].body] * len(answers), "the attempts differ"
        for number, one in enumerate(received):
            sender.check(one, timestamps.seven_decimals(timestamps.ticks(at) + FIRST_GAP * (2**number - 1)))
        [delivery] = deliveries(sandbox, id)
        check_schedule(delivery, answers, "delivered" if last < 300 else "failed", at)

    @contract(shows, examples=0.35)
    @given(hours=st.sampled_from((1, 6, 23)))
    def late(context: Context, hours: int) -> None:
        """The gap to the next attempt begins when an attempt was made, also if it was made late.

        A clock that is set forward makes the next attempt late: a whole gap later follows the one after it.
        """
        sandbox = sender.open(context)
        context.listener.answers = [503]
        sender.send(sandbox)
        settled(context, sandbox)
        then = timestamps.ticks(AT) + hours * timestamps.HOUR
        sandbox.freeze(timestamps.seven_decimals(then))
        settled(context, sandbox)
        [delivery] = deliveries(sandbox)
        found = [timestamps.ticks(attempt["at"]) for attempt in delivery["attempts"]]
        assert found == [timestamps.ticks(AT), then], f"the attempts were {delivery['attempts']}"
        wanted = then + 2 * FIRST_GAP
        assert timestamps.ticks(delivery["next"]) == wanted, f"the next attempt is due at {delivery['next']}"

    @contract(shows)
    def unanswered(context: Context) -> None:
        """A webhook is attempted again if no answer comes in time, or if no listener is there.

        How long a listener may take is a setting.
        """
        answered = Event()

        def respond(received: Received) -> int:
            if len(context.listener.received) == 1:
                answered.wait(10)
            return 200

        sandbox = sender.open(context, webhook_timeout=0.1)
        context.listener.answers = respond
        slow = sender.send(sandbox)
        settled(context, sandbox)
        answered.set()
        sandbox.config(webhook_timeout=30)
        sandbox.advance("PT24H")
        [delivery] = deliveries(sandbox, slow)
        check_schedule(delivery, (0, 200), "delivered")
        sandbox.config(**{sender.setting: _unused_address()})
        begun = sandbox.control_json("GET", "/clock")["now"]
        sandbox.forget_token()
        gone = sender.send(sandbox)
        sandbox.advance("PT24H")
        [delivery] = deliveries(sandbox, gone)
        check_schedule(delivery, [0] * TRIES, "failed", begun)

    @contract(shows, examples=0.5)
    @given(status=st.sampled_from((200, 404)), tail=st.sampled_from((None, "/elsewhere?a=b")), times=st.integers(1, 2))
    def replayed(context: Context, status: int, tail: str | None, times: int) -> None:
        """A replay sends the same body once more, as a delivery of its own, also to another address.

        What is known of the first delivery stays as it is.
        """
        sandbox = sender.open(context)
        context.listener.answers = [status, 200]
        id = sender.send(sandbox)
        [first] = settled(context, sandbox)
        [before] = deliveries(sandbox, id)
        sandbox.advance("PT1H")
        for number in range(times):
            body = {"url": context.listener.url + tail} if tail else {}
            sandbox.control_json("POST", f"/deliveries/{before['id']}/replay", body)
            received = settled(context, sandbox)
            assert len(received) == 2 + number, f"{len(received)} webhooks after {number + 1} replays"
            again = received[-1]
            for name in ("content-type", "webhook-id"):
                assert again.headers.get(name) == first.headers.get(name), f"{name} differs"
            assert (again.body, again.path) == (first.body, first.path + (tail or "")), "the replay differs"
            sender.check(again, "2031-01-01T01:00:00.0000000Z")
        kept, *replays = deliveries(sandbox, id)
        assert kept == before, "the first delivery has changed"
        assert [(one["state"], len(one["attempts"])) for one in replays] == [("delivered", 1)] * times

    return contract


def _of(received: Received, status_of: Mapping[str, int]) -> int:
    """The status of the invitation that a webhook is about."""
    text = received.body.decode()
    return next(status for id, status in status_of.items() if id in text)


def _unused_address() -> str:
    """An address on this machine without a listener."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{held.getsockname()[1]}/gone"
