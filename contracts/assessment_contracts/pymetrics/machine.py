"""The whole of it at once: calls in any order, each answer compared with what a plain model says."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from assessment_contracts.context import Context
from assessment_contracts.property import Need, Property, contract_machine
from assessment_contracts.pymetrics import api, shapes
from assessment_contracts.pymetrics.oracle import Order, Story
from assessment_contracts.pymetrics.reports import fetched, is_pdf
from assessment_contracts.pymetrics.strategies import ACTIONS, versions
from assessment_contracts.sources import Standing
from assessment_contracts.wire import Answer

_BEGINNING = "2026-01-01T00:00:00Z"
_EMAILS = (
    "ada@example.com", "ADA@example.com", "eda@example.com", "eda+expires@example.com", "ida+completes@example.com",
    "ida+completes-in-10s@example.com", "ida+completes-in-2h@example.com", "oda+abandons@example.com",
    "uda+rejected@example.com",
)  # fmt: skip
_APPLICATIONS = ("a-1", "a-2")
_SPANS = (
    timedelta(), timedelta(seconds=9, microseconds=999_999), timedelta(microseconds=1), timedelta(seconds=10),
    timedelta(minutes=30), timedelta(hours=1), timedelta(hours=2), timedelta(days=1), timedelta(days=60),
)  # fmt: skip
_places = st.integers(0, 7)


class Orders(RuleBasedStateMachine):
    """Orders are made, asked for again, read, listed and moved while time passes and tokens lapse.

    Whatever came before, each answer is the one that a plain model of the vendor gives, down to the last member.
    """

    context: Context

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = self.context.fresh()
        self.sandbox.freeze(_BEGINNING)
        self.story = Story(datetime(2026, 1, 1, tzinfo=UTC), api.assessments(self.sandbox))
        self.lapses = self.story.now + timedelta(hours=1)
        self.links: list[tuple[datetime, str]] = []

    def _has_orders(self) -> bool:
        return bool(self.story.orders)

    def _order(self, place: int) -> Order:
        return self.story.orders[place % len(self.story.orders)]

    @rule(
        email=st.sampled_from(_EMAILS), which=st.integers(0, 1), application=st.sampled_from(_APPLICATIONS),
        version=versions, external=st.sampled_from((None, "c-1", "c-2")),
        metadata=st.sampled_from((None, {"a": [1.0]})),
    )  # fmt: skip
    def create(
        self, email: str, which: int, application: str, version: api.Version, external: str | None, metadata: Any
    ) -> None:
        """Make an order, or find the one that is there."""
        body = {
            "candidate": {"email": email, "external_id": external}, "assessment_id": self.story.known[which]["id"],
            "application_id": application, "send_email": False, "metadata": metadata,
        }  # fmt: skip
        there = self.story.meant(body)
        told = api.expected(api.ask(self.sandbox, body, version), 200 if there else 201)
        assert told["created"] is (there is None), f"created is {told['created']}"
        order = there or self.story.made(body, told["order"])
        self._check(order, told["order"])
        self.story.pass_until(self.story.now)

    @precondition(_has_orders)
    @rule(place=_places, version=versions, report=st.booleans())
    def read(self, place: int, version: api.Version, report: bool) -> None:
        """Read one order."""
        order = self._order(place)
        shown = api.read(self.sandbox, order.id, version, **({"report": "true"} if report else {}))
        self.story.read(order, report)
        self._check(order, shown)

    @rule(
        application=st.none() | st.sampled_from(_APPLICATIONS), external=st.sampled_from((None, "c-1", "c-2", "c-3")),
        version=versions,
    )  # fmt: skip
    def find(self, application: str | None, external: str | None, version: api.Version) -> None:
        """List orders by one filter or two; by none is refused."""
        given = {"job_application_id": application, "candidate_id": external}
        filters = {name: value for name, value in given.items() if value is not None}
        if not filters:
            self._refused(self.sandbox.call("POST", "/mercury/orders", json={}, auth="pymetrics"), 400)
            return
        wanted = self.story.listed(application, external)
        found = api.find(self.sandbox, version, **filters)
        assert [one["id"] for one in found] == [order.id for order in wanted], "the list is not what it should be"
        for order, shown in zip(wanted, found, strict=True):
            self._check(order, shown)

    @precondition(_has_orders)
    @rule(place=_places, action=st.sampled_from(ACTIONS))
    def act(self, place: int, action: str) -> None:
        """Do what a candidate, or the vendor's people, would."""
        order = self._order(place)
        answer = self.sandbox.control("POST", f"/invitations/{order.id}/{action}")
        possible = self.story.move(order, action)
        assert answer.status == (200 if possible else 409), f"{action} of an order is answered {answer.status}"
        if possible:
            assert answer.json["status"] == order.status, f"{action} led to {answer.json['status']}"

    @rule(span=st.sampled_from(_SPANS))
    def advance(self, span: timedelta) -> None:
        """Time passes; a token that lapsed meanwhile is refused, and another is asked for."""
        self.sandbox.advance(shapes.duration(span))
        self.story.pass_until(self.story.now + span)
        if self.story.now >= self.lapses:
            self._refused(self.sandbox.call("GET", api.V1.configuration, auth="pymetrics"), 401)
            self.sandbox.forget_token()
            self.sandbox.token()
            self.lapses = self.story.now + timedelta(hours=1)

    @rule(what=st.sampled_from(("id", "body", "member", "key", "report")))
    def fail(self, what: str) -> None:
        """Make a call that is refused."""
        order = self.story.orders[0].id if self.story.orders else "x"
        table: dict[str, tuple[int, str, str, dict[str, Any]]] = {
            "id": (404, "GET", f"{api.V2.read}/00000000-0000-4000-8000-000000000000", {}),
            "body": (400, "POST", api.V2.create, {"content": b"{", "media_type": "application/json"}),
            "member": (400, "POST", api.V1.create, {"json": {"candidate": {"email": "ada@example.com"}}}),
            "key": (403, "GET", f"{api.V1.read}/{order}", {"headers": {"X-Api-Key": "nobody"}}),
            "report": (400 if self.story.orders else 404, "GET", f"{api.V1.read}/{order}", {"query": {"report": "?"}}),
        }
        status, method, path, more = table[what]
        self._refused(self.sandbox.call(method, path, auth="pymetrics", **more), status)

    @precondition(lambda self: bool(self.links))
    @rule(place=_places)
    def fetch(self, place: int) -> None:
        """Follow the link of a report that was shown at some time."""
        until, url = self.links[place % len(self.links)]
        answer = fetched(self.sandbox, url)
        if self.story.now < until:
            is_pdf(answer)
        else:
            assert answer.status == 403, f"a lapsed link is answered {answer.status}"

    def _refused(self, answer: Answer, status: int) -> None:
        assert answer.status == status, f"{answer.status} instead of {status}: {answer.text[:200]}"
        assert answer.rules, "Simulator-Rule names nothing"

    def _check(self, order: Order, shown: dict[str, Any]) -> None:
        """The order is shown as the model says; the link of its report is kept for `fetch`."""
        self.story.check(order, shown)
        if shown["reports"]:
            self.links.append((self.story.now + timedelta(hours=1), shown["reports"][0]["download_url"]))


PROPERTIES: tuple[Property, ...] = (
    contract_machine(
        "pymetrics.machine.orders",
        "Whatever is called in whatever order, each answer is the one that a plain model gives",
        Orders,
        kept=("pymetrics.access.token.live", "pymetrics.get.known"),
        promises=(
            "pymetrics.order.resolved",
            "pymetrics.order.moves",
            "pymetrics.order.fulfilled",
            "pymetrics.list.both",
        ),
        standing=Standing.ASSUMED,
        needs={Need.CONTROL},
    ),
)
