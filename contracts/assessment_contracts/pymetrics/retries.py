"""EXTENSION: how often, and when, a webhook is tried again that its listener did not take."""

from datetime import timedelta

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.kit import Reply
from assessment_contracts.property import Property, contract, given
from assessment_contracts.pymetrics import shapes
from assessment_contracts.pymetrics.strategies import instants
from assessment_contracts.pymetrics.webhooks import NEEDS, PROMISES, PUBLISHED, Desk, done, signed
from assessment_contracts.sources import Standing

AGAIN = (408, 429, 500, 502, 503, 504)
"""After these the webhook is tried again; any other status that is not 2xx is final."""
FINAL = (300, 301, 302, 307, 308, 400, 401, 403, 404, 405, 409, 410, 418, 422, 425, 501, 505, 507, 599)
FIRST_GAP = timedelta(seconds=337.5)
"""Eight gaps, each twice the one before, bring nine tries into 24 hours."""
TRIES = 9


@contract(
    "pymetrics.webhooks.ladder",
    "A webhook that is not taken is tried nine times within 24 hours, each gap twice the one before",
    promises=PROMISES,
    standing=Standing.ASSUMED,
    needs=NEEDS,
    examples=0.35,
)
@given(statuses=st.lists(st.sampled_from((*AGAIN, 0)), min_size=1, max_size=4), at=instants)
def ladder(context: Context, statuses: list[int], at: str) -> None:
    """Not a moment early, not a moment late; the same notice each time, signed for its own second; then it has failed.

    Again after 408, 429, 500, 502, 503 and 504, and where no answer came (0 here).
    """
    desk = Desk(context, at)
    context.listener.answers = (statuses * TRIES)[: TRIES + 1]
    done(desk.sandbox, desk.order(), "start")
    moment, gap, moments = shapes.moment(at), FIRST_GAP, list[str]()
    for number in range(1, TRIES + 1):
        assert len(desk.settle()) == number, f"{len(context.listener.received)} tries by {moment}, not {number}"
        moments.append(shapes.written(moment))
        if number < TRIES:
            desk.sandbox.advance(shapes.duration(gap - timedelta(microseconds=1)))
            assert len(context.listener.received) == number, f"try {number + 1} came before {gap} had passed"
            desk.sandbox.advance("PT0.000001S")
        moment, gap = moment + gap, gap * 2
    desk.sandbox.advance("P30D")
    caught = context.listener.received
    assert len(caught) == TRIES, f"{len(caught)} tries, not {TRIES}"
    for one, when in zip(caught, moments, strict=True):
        signed(one, PUBLISHED, when)
    assert len({(one.headers["webhook-id"], one.body) for one in caught}) == 1, "the tries are not the same notice"
    (delivery,) = desk.deliveries()
    assert (delivery["state"], delivery["next"]) == ("failed", None)
    tries = [(one["number"], shapes.moment(one["at"])) for one in delivery["attempts"]]
    assert tries == [(number, shapes.moment(when)) for number, when in enumerate(moments, 1)]
    wanted = [status or None for status in (statuses * TRIES)[:TRIES]]
    assert [one["status"] for one in delivery["attempts"]] == wanted


@contract(
    "pymetrics.webhooks.verdict",
    "Any 2xx ends the tries, and so does every status that is not one of those after which there is another",
    promises=PROMISES,
    standing=Standing.ASSUMED,
    needs=NEEDS,
)
@given(
    before=st.lists(st.sampled_from(AGAIN), max_size=2),
    last=st.sampled_from((200, 201, 202, 204, 299)) | st.sampled_from(FINAL),
)
def verdict(context: Context, before: list[int], last: int) -> None:
    """A redirect is not followed: it is an answer like any other. Whether it worked is told by the delivery's state."""
    desk = Desk(context, "2026-01-01T00:00:00Z")
    context.listener.answers = [Reply(status, {"Location": context.listener.url}) for status in (*before, last)]
    done(desk.sandbox, desk.order(), "expire")
    desk.sandbox.advance("P3D")
    assert len(context.listener.received) == len(before) + 1, (
        f"{len(context.listener.received)} tries for {[*before, last]}"
    )
    (delivery,) = desk.deliveries()
    assert delivery["state"] == ("delivered" if last < 300 else "failed"), f"{delivery['state']} after {last}"
    assert [one["status"] for one in delivery["attempts"]] == [*before, last]
    assert delivery["next"] is None


@contract(
    "pymetrics.webhooks.every_status",
    "Each status that an answer can have is taken for what it is",
    promises=PROMISES,
    standing=Standing.ASSUMED,
    needs=NEEDS,
    examples=0.1,
)
def every_status(context: Context) -> None:
    """The whole table, each status answered once: only six of them, and silence, are reason to try again."""
    desk = Desk(context, "2026-01-01T00:00:00Z")
    wanted = {
        **dict.fromkeys((200, 204), "delivered"),
        **dict.fromkeys(FINAL, "failed"),
        **dict.fromkeys(AGAIN, "pending"),
    }
    statuses = [*wanted, 0]
    for number, status in enumerate(statuses, 1):
        made = desk.order()
        context.listener.answers = [status]
        done(desk.sandbox, made, "start")
        assert len(desk.settle()) == number, f"the answer {statuses[number - 2]} was not the only one"
    states = [one["state"] for one in desk.deliveries()]
    assert dict(zip(statuses, states, strict=True)) == {**wanted, 0: "pending"}


PROPERTIES: tuple[Property, ...] = (ladder, verdict, every_status)
