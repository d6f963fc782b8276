"""Contracts of receivers of webhooks: sent twice, late or out of order, forged, and during an outage of the vendor."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from assessment_contracts.clients.harness import ClientContext, Harness
from assessment_contracts.clients.properties import wishes
from assessment_contracts.clients.properties.trade import PREDICTIVE_INDEX, PYMETRICS, Trade, fault
from assessment_contracts.clients.property import contract
from assessment_contracts.property import Property, given
from assessment_contracts.sources import Source, Standing, ours

AGAIN = frozenset({408, 429, 500, 502, 503, 504})
"""The statuses after which the vendor sends a webhook again."""


@dataclass(frozen=True)
class Post:
    """One vendor's webhooks."""

    trade: Trade
    vendor: str
    completion: tuple[Source, Standing]
    """Where it is stated that a completion sends a webhook."""
    again: tuple[Source, Standing]
    """Where it is stated that a webhook is sent again."""
    setting: Callable[[str], dict[str, Any]]
    """The settings of a sandbox whose webhooks go to an address."""
    wish: Callable[[str], dict[str, Any]]
    first: str | None
    """The action that sends an early webhook, if a creation sends none."""
    forged: Callable[[str], dict[str, Any]]
    """A webhook about a completion that the vendor did not send."""

    @property
    def feature(self) -> str:
        """The feature of clients that receive them."""
        return f"{self.vendor}.webhooks"


def _form(id: str) -> dict[str, Any]:
    body = urlencode({"assessmentId": id, "assessmentState": 40, "assessmentSource": "API"})
    return _request("application/x-www-form-urlencoded", body)


def _event(id: str) -> dict[str, Any]:
    data = {"id": id, "status": "Completed", "results": [{"score": 100}]}
    told = {"type": "order.status_changed", "timestamp": "2026-01-01T00:00:00.000000+00:00", "data": data}
    signed = {"webhook-id": "msg_1", "webhook-timestamp": "1767225600", "webhook-signature": "v1,Zm9yZ2Vk"}
    return _request("application/json", json.dumps(told), signed)


def _request(media_type: str, body: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "method": "POST", "path": "/webhook", "headers": {"content-type": media_type, **(headers or {})}, "body": body,
    }  # fmt: skip


_EXTENSION = (ours("the vendor has no webhooks; this is the simulator's extension"), Standing.ASSUMED)

POSTS = (
    Post(
        PYMETRICS, "pymetrics", _EXTENSION, _EXTENSION,
        lambda url: {"webhook_url": url}, lambda url: wishes.order(), "start", _event,
    ),
    Post(
        PREDICTIVE_INDEX, "predictive_index",
        (Source("Webhooks", "defining a webhook URL"), Standing.DOCUMENTED),
        (Source("API Evangelist's catalogue of the newer API (GitHub)", "up to nine tries within 24 hours, on these "
                "statuses; of the newer API"), Standing.THIRD_PARTY),
        lambda url: {"behaviour": {"pi.webhook_on": "creation and completion"}},
        lambda url: wishes.assessment(assessmentStatusWebHook=url), None, _form,
    ),
)  # fmt: skip


@dataclass
class Story:
    """One invitation whose webhooks the client receives."""

    post: Post
    harness: Harness
    id: str

    def act(self, action: str) -> None:
        """Do what the candidate, or time, would do."""
        self.harness.sandbox.act(self.id, action)

    def settle(self, duration: str = "PT1S") -> None:
        """Let time pass, so that every webhook that is due is sent and answered."""
        self.harness.sandbox.advance(duration)

    def known(self) -> Any:
        """The state that the client reports."""
        return self.harness.ask("state_of", vendor=self.post.vendor, id=self.id)

    def true(self) -> Any:
        """The state that the vendor has."""
        return next(one["status"] for one in self.harness.invitations() if one["id"] == self.id)

    def ends_well(self) -> None:
        """Assert that the client reports the vendor's state."""
        known, true = self.known(), self.true()
        assert known == true, f"the client reports the state {known!r}; it is {true!r}"


def _begun(context: ClientContext, post: Post, **behaviour: Any) -> Story:
    harness = context.harness()
    url = harness.listens(post.vendor)
    setting = post.setting(url)
    harness.sandbox.config(**{**setting, "behaviour": {**setting.get("behaviour", {}), **behaviour}})
    call = post.trade.create_by_suite(harness, post.wish(url))
    return Story(post, harness, call)


def _told(post: Post) -> Property:
    @contract(post.feature, "webhook_is_believed_when_true", "After the webhook of a completion the client reports it",
           *post.completion, examples=0.4)  # fmt: skip
    @given(slowly=st.booleans())
    def test(context: ClientContext, slowly: bool) -> None:
        """Otherwise callers have to poll, and see a result only some time after the completion."""
        story = _begun(context, post)
        story.settle()
        if slowly:
            story.act("start")
            story.settle()
        story.act("complete")
        story.settle()
        story.ends_well()

    return test


def _twice(post: Post) -> Property:
    @contract(post.feature, "webhook_seen_twice_is_taken_twice", "A webhook that is sent twice is accepted twice, and "
           "has one effect", *post.again)  # fmt: skip
    def test(context: ClientContext) -> None:
        """A vendor that repeats a webhook until it is answered sends some twice, because a response may be lost. If the
        client refuses the second one, it is sent again.
        """
        story = _begun(context, post)
        story.settle()
        story.harness.faults({"on": "deliveries", "do": "duplicate"})
        story.act("complete")
        story.settle()
        story.ends_well()
        failed = [one for one in story.harness.deliveries() if one["state"] != "delivered"]
        assert not failed, f"{len(failed)} webhooks were not accepted: {failed!r:.300}"

    return test


def _disordered(post: Post) -> Property:
    @contract(post.feature, "webhooks_out_of_order_end_right", "Webhooks that arrive late or out of order lead to the "
           "right state", *post.again, examples=0.4)  # fmt: skip
    @given(how=st.sampled_from([{"do": "reorder"}, {"do": "delay", "duration": "PT2M"}]))
    def test(context: ClientContext, how: dict[str, str]) -> None:
        """The last webhook need not be about the last change. A client that stores the state of the last webhook shows
        a completed assessment as started, and its result is overlooked.
        """
        story = _begun_with_fault(context, post, {"on": "deliveries", "times": 1, **how})
        story.act("complete")
        story.settle()
        story.settle("PT5M")
        story.ends_well()

    return test


def _begun_with_fault(context: ClientContext, post: Post, fault: dict[str, Any]) -> Story:
    """The fault is injected into the first webhook of the invitation."""
    harness = context.harness()
    url = harness.listens(post.vendor)
    harness.sandbox.config(**post.setting(url))
    harness.faults(fault)
    story = Story(post, harness, post.trade.create_by_suite(harness, post.wish(url)))
    if post.first:
        story.act(post.first)
    return story


def _bad_moment(post: Post) -> Property:
    @contract(post.feature, "webhook_at_a_bad_moment_is_asked_for_again", "A webhook that cannot be processed now is "
           "answered so that it is sent again", *post.again)  # fmt: skip
    def test(context: ClientContext) -> None:
        """A receiver that reads from the vendor to process a webhook may find that the vendor is not available. 200 and
        400 end the delivery, so it must answer with a status after which the vendor sends the webhook again.
        """
        story = _begun(context, post)
        story.settle()
        story.harness.faults(*fault(post.trade.reads, "status", status=503))
        story.act("complete")
        story.settle()
        story.harness.faults()
        story.settle("PT30M")
        story.ends_well()

    return test


def _forged(post: Post) -> Property:
    @contract(post.feature, "forged_webhook_changes_nothing", "A webhook that the vendor did not send changes nothing",
           ours("everyone who knows a listener's URL can post to it; The Predictive Index does not sign"))  # fmt: skip
    def test(context: ClientContext) -> None:
        """The URL of a listener is no secret, and a candidate could report a completion. The receiver must check the
        signature, or read the state from the vendor.
        """
        story = _begun(context, post)
        story.settle()
        story.harness.post(post.vendor, post.forged(story.id))
        known = story.known()
        assert known in (None, story.true()), f"after a forged webhook the client reports the state {known!r}"

    return test


def _nonsense(post: Post) -> Property:
    @contract(post.feature, "nonsense_is_not_asked_for_again", "A body that is no webhook gets a final status",
           ours("after a status that is retried the vendor makes eight more attempts"), examples=0.5)  # fmt: skip
    @given(
        media_type=st.sampled_from(["application/json", "application/x-www-form-urlencoded"]),
        body=st.sampled_from(
            ["", "{", "[]", "null", "assessmentId", "assessmentId=&assessmentState=40", "%%%=%", "{}"]
        ),
    )
    def test(context: ClientContext, media_type: str, body: str) -> None:
        """Sent again it would be the same. A 500 for a body that can never be read leads to nine attempts, each with a
        line in the log.
        """
        harness = context.harness()
        status = harness.post(post.vendor, _request(media_type, body), authentic=True)
        good = 200 <= status < 500 and status not in AGAIN
        assert good, f"{body!r} was answered with {status}"

    return test


def _members(post: Post) -> Property:
    @contract(post.feature, "members_of_the_form_may_vary", "A webhook without its optional members is processed",
           Source("POST behavioralassessments", "the notes promise assessmentSource, the example call lacks it"),
           Standing.DOCUMENTED, examples=0.4)  # fmt: skip
    @given(source=st.sampled_from(["sent", "omitted"]), external_id=st.sampled_from([None, "a&b=c é"]))
    def test(context: ClientContext, source: str, external_id: str | None) -> None:
        """The page lists assessmentSource, and its example lacks it; externalId is sent only if the assessment has one.
        Neither is needed to know the state.
        """
        harness = context.harness(behaviour={"pi.webhook_source": source})
        wish = wishes.assessment(assessmentStatusWebHook=harness.listens(post.vendor))
        id = post.trade.create_by_suite(harness, wish | ({"externalId": external_id} if external_id else {}))
        story = Story(post, harness, id)
        story.act("complete")
        story.settle()
        story.ends_well()

    return test


PROPERTIES: tuple[Property, ...] = (
    *(make(post) for post in POSTS for make in (_told, _twice, _disordered, _bad_moment, _forged, _nonsense)),
    _members(POSTS[1]),
)
