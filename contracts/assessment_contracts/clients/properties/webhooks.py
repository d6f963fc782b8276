"""What a receiver of webhooks must cope with: twice, late, out of order, forged, and at a bad moment."""

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
"""What has the vendor send a webhook again."""


@dataclass(frozen=True)
class Post:
    """One vendor's webhooks."""

    trade: Trade
    vendor: str
    completion: tuple[Source, Standing]
    """Where it stands that a completion is posted, and how sure we are."""
    again: tuple[Source, Standing]
    """Where it stands that a webhook is posted again, and how sure we are."""
    setting: Callable[[str], dict[str, Any]]
    """The settings of a sandbox whose webhooks go to an address."""
    wish: Callable[[str], dict[str, Any]]
    first: str | None
    """The action that has an early webhook sent, where creating does not."""
    forged: Callable[[str], dict[str, Any]]
    """A webhook that tells of a completion, and is not the vendor's."""

    @property
    def feature(self) -> str:
        """What a client claims that takes them."""
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
    """One invitation whose webhooks the client takes."""

    post: Post
    harness: Harness
    id: str

    def act(self, action: str) -> None:
        """Something happens to the invitation."""
        self.harness.sandbox.act(self.id, action)

    def settle(self, duration: str = "PT1S") -> None:
        """Let time pass, and every webhook that falls due meanwhile be answered."""
        self.harness.sandbox.advance(duration)

    def known(self) -> Any:
        """What the client holds the state to be."""
        return self.harness.ask("state_of", vendor=self.post.vendor, id=self.id)

    def true(self) -> Any:
        """What it is."""
        return next(one["status"] for one in self.harness.invitations() if one["id"] == self.id)

    def ends_well(self) -> None:
        """Assert that the client knows what is true."""
        known, true = self.known(), self.true()
        assert known == true, f"the client holds it to be {known!r}; it is {true!r}"


def _begun(context: ClientContext, post: Post, **behaviour: Any) -> Story:
    harness = context.harness()
    url = harness.listens(post.vendor)
    setting = post.setting(url)
    harness.sandbox.config(**{**setting, "behaviour": {**setting.get("behaviour", {}), **behaviour}})
    call = post.trade.create_by_suite(harness, post.wish(url))
    return Story(post, harness, call)


def _told(post: Post) -> Property:
    @contract(post.feature, "webhook_is_believed_when_true", "After the webhook of a completion the client knows of it",
           *post.completion, examples=0.4)  # fmt: skip
    @given(slowly=st.booleans())
    def test(context: ClientContext, slowly: bool) -> None:
        """This is what a webhook is for: nobody has to ask, and the result is there when it is there."""
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
    @contract(post.feature, "webhook_seen_twice_is_taken_twice", "A webhook that comes twice does no harm and is "
           "answered well both times", *post.again)  # fmt: skip
    def test(context: ClientContext) -> None:
        """Whoever sends until it is answered sends some things twice: the first answer may have been lost. The second
        is no mistake of the vendor's; refusing it has it sent again or given up, and acting on it twice acts twice.
        """
        story = _begun(context, post)
        story.settle()
        story.harness.faults({"on": "deliveries", "do": "duplicate"})
        story.act("complete")
        story.settle()
        story.ends_well()
        failed = [one for one in story.harness.deliveries() if one["state"] != "delivered"]
        assert not failed, f"{len(failed)} webhooks were not taken: {failed!r:.300}"

    return test


def _disordered(post: Post) -> Property:
    @contract(post.feature, "webhooks_out_of_order_end_right", "Webhooks that come late or out of order leave the "
           "right state", *post.again, examples=0.4)  # fmt: skip
    @given(do=st.sampled_from(["reorder", "delay"]))
    def test(context: ClientContext, do: str) -> None:
        """What comes last need not have happened last. A client that keeps what the last webhook said has a completed
        assessment begin again, and nobody looks at its result.
        """
        story = _begun_in_trouble(context, post, {"on": "deliveries", "do": do, "times": 1, "duration": "PT2M"})
        story.act("complete")
        story.settle()
        story.settle("PT5M")
        story.ends_well()

    return test


def _begun_in_trouble(context: ClientContext, post: Post, trouble: dict[str, Any]) -> Story:
    """The first webhook of the invitation meets the trouble."""
    harness = context.harness()
    url = harness.listens(post.vendor)
    harness.sandbox.config(**post.setting(url))
    if trouble["do"] != "delay":
        trouble = {name: value for name, value in trouble.items() if name != "duration"}
    harness.faults(trouble)
    story = Story(post, harness, post.trade.create_by_suite(harness, post.wish(url)))
    if post.first:
        story.act(post.first)
    return story


def _bad_moment(post: Post) -> Property:
    @contract(post.feature, "webhook_at_a_bad_moment_is_asked_for_again", "A webhook that cannot be dealt with now is "
           "answered so that it comes again", *post.again)  # fmt: skip
    def test(context: ClientContext) -> None:
        """A receiver that needs the vendor to understand a webhook may find the vendor not available. Then it must not
        say 200, for that is the last that is heard of it, nor 400, which is final as well, but one of the statuses
        after which the vendor tries again; and with the next try it must get it right.
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
           ours("whoever knows a listener's address can post to it; The Predictive Index does not sign"))  # fmt: skip
    def test(context: ClientContext) -> None:
        """The address of a listener is no secret, and a candidate has good reason to say "completed". A signature that
        is checked, or a look at what the vendor says, keeps a stranger from passing assessments.
        """
        story = _begun(context, post)
        story.settle()
        story.harness.post(post.vendor, post.forged(story.id))
        known = story.known()
        assert known in (None, story.true()), f"a stranger said that it is completed; the client holds it for {known!r}"

    return test


def _nonsense(post: Post) -> Property:
    @contract(post.feature, "nonsense_is_not_asked_for_again", "What is no webhook is answered for good",
           ours("statuses that ask for another try ask for eight more"), examples=0.5)  # fmt: skip
    @given(
        media_type=st.sampled_from(["application/json", "application/x-www-form-urlencoded"]),
        body=st.sampled_from(
            ["", "{", "[]", "null", "assessmentId", "assessmentId=&assessmentState=40", "%%%=%", "{}"]
        ),
    )
    def test(context: ClientContext, media_type: str, body: str) -> None:
        """Asking for it again does not make sense of it. A 500 for what can never be understood costs nine tries, each
        of them with a line in somebody's log.
        """
        harness = context.harness()
        status = harness.post(post.vendor, _request(media_type, body), authentic=True)
        good = 200 <= status < 500 and status not in AGAIN
        assert good, f"{body!r} was answered with {status}"

    return test


def _members(post: Post) -> Property:
    @contract(post.feature, "members_of_the_form_may_vary", "The webhook is understood without what may be missing",
           Source("POST behavioralassessments", "the notes promise assessmentSource, the example call lacks it"),
           Standing.DOCUMENTED, examples=0.4)  # fmt: skip
    @given(source=st.sampled_from(["sent", "omitted"]), external_id=st.sampled_from([None, "a&b=c é"]))
    def test(context: ClientContext, source: str, external_id: str | None) -> None:
        """assessmentSource is promised by one part of the page and missing from its example; externalId comes only
        where one was given. Neither is needed to know what happened.
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
