"""The webhook: a form posted to the listener when an assessment is complete.

The page Webhooks and the notes of POST behavioralassessments; user and password in the address become Basic
authentication (developers.predictiveindex.com/webhooks). The vendor does not sign.
"""

from urllib.parse import urlencode

from simulator.core.call import Call
from simulator.core.config import Config
from simulator.core.decision import Notice, Record
from simulator.core.delivery import Delivery, Post
from simulator.core.urls import basic_auth
from simulator.core.world import World
from simulator.vendors.predictive_index.people import given
from simulator.vendors.predictive_index.states import VENDOR_ID
from simulator.vendors.predictive_index.switches import WEBHOOK_ON, WEBHOOK_SOURCE, setting

FORM = "application/x-www-form-urlencoded"


def on_creation(call: Call, world: World, record: Record) -> tuple[Notice, ...]:
    """The notice of a new assessment: none, unless the switch reads `created or completed` to the letter."""
    return () if setting(world.config, WEBHOOK_ON) == "completion" else on_completion(call, world, record)


def on_completion(call: Call, world: World, record: Record) -> tuple[Notice, ...]:
    """The notice to the assessment's own address, or else to the account's default one."""
    url = record.face["assessmentStatusWebHook"] or world.config.default_webhook_url
    if url is None:
        return ()
    form = {"assessmentId": record.id, "assessmentState": record.status}
    if setting(world.config, WEBHOOK_SOURCE) == "sent":
        form["assessmentSource"] = "API"
    if given(record.face["externalId"]):
        form["externalId"] = record.face["externalId"]
    return (Notice(call.draw.uuid(), VENDOR_ID, record.id, url, FORM, urlencode(form)),)


def post(delivery: Delivery, at: int, config: Config) -> Post:
    """The HTTP request that one attempt makes; the address is kept letter for letter but for user and password."""
    url, authorization = basic_auth(delivery.notice.url)
    headers = [("content-type", FORM), ("user-agent", "assessment-simulator")]
    if authorization is not None:
        headers.append(("authorization", authorization))
    return Post(url, tuple(headers), delivery.notice.body.encode())
