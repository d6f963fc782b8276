"""Orders: what they show, when two are one, how reading and listing find them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessment_simulator.core.config import Assessment
from assessment_simulator.core.request import BASE_URL_TOKEN, LINK_TOKEN, MISSING
from assessment_simulator.core.vendor import handle
from assessment_simulator.vendors.pymetrics import VENDOR
from tests.fakes import FakeSandbox
from tests.vendors.pymetrics.desk import Desk, shown
from tests.vendors.pymetrics.rows import ABSENT, GAMES, ORDER, REASONING, REQUESTS

MINIMAL = {"candidate": {"email": "ada@example.com"}, "assessment_id": GAMES, "application_id": "a-1"}


def test_an_order_shows_its_members_in_the_documented_order() -> None:
    desk = Desk()
    reply = desk.send("create_order")
    order = shown(reply)
    assert (reply.status, list(reply.body), reply.body["created"]) == (201, ["order", "created"], True)
    assert list(order.items()) == [
        ("id", order["id"]),
        ("invite_link", f"{BASE_URL_TOKEN}/pymetrics/invite/{LINK_TOKEN}.{order['id']}"),
        ("status", "Not Started"),
        ("create_date", "2026-11-01T12:00:00.000000+00:00"),
        ("candidate", ORDER["candidate"]),
        ("assessment_id", GAMES),
        ("assessment", {"id": GAMES, "type": "games", "description": "Core games"}),
        ("application_id", "a-1"),
        ("ats_type", "mercury_api"),
        ("requisition_id", "r-1"),
        ("requisition_title", "Engineer"),
        ("metadata", {"colour": "blue"}),
        ("recruiter_report", None),
        ("results", None),
        ("reports", None),
        ("candidate_redirect_url", "https://ats.example.com/back?x=1"),
    ]


def test_what_is_not_set_is_shown_as_null() -> None:
    order = shown(Desk().send("create_order", {"body": MINIMAL}))
    assert len(order) == 16
    assert order["candidate"] == {
        "email": "ada@example.com", "first_name": None, "last_name": None, "external_id": None
    }  # fmt: skip
    for member in ("requisition_id", "requisition_title", "metadata", "candidate_redirect_url"):
        assert order[member] is None


def test_a_null_optional_member_is_as_good_as_none() -> None:
    nulls = dict.fromkeys(("send_email", "requisition_id", "requisition_title", "metadata", "candidate_redirect_url"))
    assert Desk().send("create_order", {"body": {**MINIMAL, **nulls}}).status == 201


@pytest.mark.parametrize("status", ["Not Started", "Pending", "Accepted"])
def test_a_switch_chooses_the_first_status(status: str) -> None:
    desk = Desk(behaviour={"pymetrics.initial_status": status})
    assert shown(desk.send("create_order"))["status"] == status


def test_the_same_order_again_resolves_to_the_first_and_changes_nothing() -> None:
    desk = Desk()
    desk.order(send_email=True)
    before = desk.memory()
    change = {"body.send_email": True, "body.candidate.first_name": "Eda", "body.metadata": {"colour": "red"}}
    reply = desk.send("create_order", change)
    assert (reply.status, reply.body["created"]) == (200, False)
    assert shown(reply) == desk.all("order")[0].public
    assert desk.memory() == before


@pytest.mark.parametrize("actions", [("expire",), ("reject",), ("complete", "fulfil")])
def test_an_order_that_has_ended_is_still_the_same_order(actions: tuple[str, ...]) -> None:
    desk = Desk()
    id = desk.order(*actions)
    assert shown(desk.send("create_order"))["id"] == id


@pytest.mark.parametrize(
    "change",
    [
        {"body.candidate.email": "eda@example.com"},
        {"body.assessment_id": REASONING},
        {"body.application_id": "a-2"},
        {"body.application_id": ""},
    ],
)
def test_another_address_assessment_or_application_makes_another_order(change: dict[str, str]) -> None:
    desk = Desk()
    desk.order()
    assert desk.send("create_order", change).status == 201


@pytest.mark.parametrize(("match", "status"), [("ignore case", 200), ("exact", 201)])
def test_a_switch_says_whether_letter_case_makes_another_address(match: str, status: int) -> None:
    desk = Desk(behaviour={"pymetrics.email_match": match})
    desk.order()
    assert desk.send("create_order", {"body.candidate.email": " ADA@example.com "}).status == status


def test_the_address_is_kept_as_it_was_sent() -> None:
    order = shown(Desk().send("create_order", {"body.candidate.email": " ADA@example.com "}))
    assert order["candidate"]["email"] == " ADA@example.com "


def test_no_separator_in_the_parts_can_make_two_orders_one() -> None:
    desk = Desk()
    desk.send("create_order", {"body.candidate.email": "e", "body.application_id": f'q", "{GAMES}", "r\0'})
    reply = desk.send("create_order", {"body.candidate.email": f'e", "{GAMES}", "q', "body.application_id": "r\0"})
    assert reply.status == 201


def test_the_invitation_is_mailed_when_asked_for() -> None:
    desk = Desk()
    id = desk.order(send_email=True)
    (mail,) = desk.all("mail")
    assert (mail.public["to"], mail.public["invitation"]) == ("ada@example.com", id)
    assert mail.public["subject"] == "Your assessment for Engineer"
    assert mail.public["link"] == f"{BASE_URL_TOKEN}/pymetrics/invite/{LINK_TOKEN}.{id}"
    assert mail.public["link"] in mail.public["text"]
    assert "for Engineer: Core games" in mail.public["text"]


def test_a_mail_does_without_name_and_vacancy() -> None:
    desk = Desk()
    desk.send("create_order", {"body": {**MINIMAL, "send_email": True}})
    (mail,) = desk.all("mail")
    assert mail.public["subject"] == "Your assessment"
    assert mail.public["text"].startswith("Hello ada@example.com,")


def test_no_mail_goes_out_unasked() -> None:
    desk = Desk()
    desk.send("create_order", {"body.send_email": ABSENT})
    assert desk.all("mail") == []


def test_members_that_no_document_names_are_accepted_and_noted() -> None:
    reply = Desk().send("create_order", {"body.webhook": "x", "body.candidate.phone": "1", "body.send_email": True})
    assert reply.status == 201
    assert reply.notes == (
        "body.webhook is not a documented member; it was ignored",
        "body.candidate.phone is not a documented member; it was ignored",
    )


def test_notes_are_few_and_short_and_plain_ascii() -> None:
    names = ["é" * 50, "\r\nSet-Cookie: x", "y" * 50, "a", "b", "c"]
    body = {"job_application_id": "a-1", "candidate": {"x": 1}} | dict.fromkeys(names)
    notes = Desk().send("list_orders", {"body": body}).notes
    assert len(notes) == 5
    assert notes[0] == "body.candidate is not a documented member; it was ignored"
    for note in notes:
        assert len(note) < 100
        assert note.isascii()
        assert note.isprintable()


@pytest.mark.parametrize(
    ("change", "sent", "right"),
    [
        ({"body.firstName": "Ada"}, "body.firstName", "candidate.first_name"),
        ({"body.candidate.firstName": "Ada"}, "body.candidate.firstName", "first_name"),
        ({"body.sendEmail": True}, "body.sendEmail", "send_email"),
    ],
)
def test_an_optional_member_in_another_case_is_noted_with_the_right_name(
    change: dict[str, object], sent: str, right: str
) -> None:
    reply = Desk().send("create_order", change)
    assert reply.notes == (f"{sent} is not a documented member; it was ignored; did you mean {right}?",)
    assert reply.hints == ()


@pytest.mark.parametrize(
    ("operation", "body", "sent", "right"),
    [
        ("create_order", {"candidate": {"Email": "a@example.com"}}, "candidate.Email", "candidate.email"),
        ("create_order_v2", {"candidate": {"EMAIL": "a@example.com"}}, "candidate.EMAIL", "candidate.email"),
        ("create_order", {"candidate": {}, "email": "a@example.com"}, "email", "candidate.email"),
        ("create_order", {"Candidate": {"email": "a@example.com"}}, "Candidate", "candidate"),
        ("create_order", {"assessmentId": "x"}, "assessmentId", "assessment_id"),
        ("create_order", {"applicationID": "x"}, "applicationID", "application_id"),
        ("create_token", {"clientId": "x"}, "clientId", "client_id"),
        ("list_orders", {"jobApplicationId": "x"}, "jobApplicationId", "job_application_id"),
        ("list_orders", {"candidate-id": "x"}, "candidate-id", "candidate_id"),
    ],
)
def test_a_required_member_in_another_case_is_refused_with_a_hint(
    operation: str, body: object, sent: str, right: str
) -> None:
    reply = Desk().send(operation, {"body": body})
    assert reply.status == 400
    assert f"body.{sent} is unknown; did you mean {right}?" in reply.hints
    assert reply.notes == ()


def test_a_filter_of_version_2_in_another_case_is_refused_with_a_hint() -> None:
    reply = Desk().send("list_orders_v2", {"query": {"candidateId": "c-1"}})
    assert (reply.status, reply.hints) == (400, ("query.candidateId is unknown; did you mean candidate_id?",))
    assert Desk().send("list_orders_v2", {"query": {"page": "1"}}).hints == ()


@pytest.mark.parametrize("operation", [name for name in REQUESTS if name != "download_report"])
def test_an_unknown_query_parameter_is_noted_on_every_call(operation: str) -> None:
    desk = Desk()
    desk.order("complete")
    reply = desk.send(operation, {"query": {**REQUESTS[operation].query, "verbose": "1"}})
    assert reply.status < 300
    assert reply.notes == ("query.verbose is not a documented parameter; it was ignored",)


def test_an_address_that_cannot_be_one_is_accepted_with_a_note() -> None:
    reply = Desk().send("create_order", {"body.candidate.email": "not-an-address"})
    assert (reply.status, reply.body["order"]["candidate"]["email"]) == (201, "not-an-address")
    assert reply.notes == ("body.candidate.email cannot be an e-mail address: it has no @; it was accepted",)
    assert Desk().send("create_order", {"body.candidate.email": "ada+rejected@example.com"}).notes == ()


def test_an_assessment_id_in_capitals_is_the_same_assessment() -> None:
    desk = Desk()
    desk.order(assessment_id=GAMES.upper())
    again = desk.send("create_order")
    assert (again.status, again.body["order"].public["assessment_id"]) == (200, GAMES)
    assert desk.act("complete", {"results": [{"score": 1, "assessment_id": GAMES.upper()}]}).status == 200


def test_a_configured_id_in_capitals_is_ordered_in_any_case_and_shown_as_configured() -> None:
    desk = Desk(assessments=(Assessment(GAMES.upper()), Assessment("Core")))
    assert desk.send("create_order").body["order"]["assessment_id"] == GAMES.upper()
    assert desk.send("create_order", {"body.assessment_id": "core"}).status == 400


def test_a_plus_that_arrives_as_a_blank_is_noted_where_nothing_is_found() -> None:
    desk = Desk()
    desk.order(candidate={"email": "ada@example.com", "external_id": "c 2"})
    for value, noted in (("1", True), ("2", False)):
        call = desk.request("list_orders_v2", {"query": {"candidate_id": f"c {value}"}})
        call = call._replace(raw_query=f"candidate_id=c+{value}")
        notes = handle(VENDOR, VENDOR.operations["list_orders_v2"], call, desk).response.notes
        assert any("%2B" in note for note in notes) is noted


def test_reading_an_order_answers_with_the_record_itself() -> None:
    desk = Desk()
    desk.order("start")
    assert desk.send("get_order").body is desk.all("order")[0]


def test_reading_a_completed_order_fulfils_it_in_the_same_answer() -> None:
    desk = Desk()
    desk.order("complete")
    completed = desk.all("order")[0].public
    reply = desk.send("get_order")
    assert shown(reply) == {**completed, "status": "Fulfilled"}
    assert list(shown(reply)) == list(completed)
    assert desk.all("order")[0].status == "Fulfilled"
    assert desk.send("get_order").body is desk.all("order")[0]


def test_a_completed_order_without_results_stays_completed() -> None:
    desk = Desk()
    desk.order()
    desk.act("complete", {"results": []})
    order = shown(desk.send("get_order"))
    assert (order["status"], order["results"]) == ("Completed", [])


def test_listing_fulfils_nothing() -> None:
    desk = Desk()
    desk.order("complete")
    assert listed(desk, job_application_id="a-1")[0]["status"] == "Completed"


def listed(desk: Desk, **filters: str) -> list[Any]:
    """The orders that these filters find, as they are shown."""
    reply = desk.send("list_orders", {"body": filters})
    return [order.public if hasattr(order, "public") else order for order in reply.body["orders"]]


def test_listing_finds_by_application_by_candidate_or_by_both_oldest_first() -> None:
    desk = Desk()
    people = {"c-1": "ada@example.com", "c-2": "eda@example.com"}
    made = {
        (application, person): desk.order(
            application_id=application, candidate={"email": people[person], "external_id": person}
        )
        for application in ("a-1", "a-2")
        for person in ("c-1", "c-2")
    }

    def found(**filters: str) -> list[str]:
        return [order["id"] for order in listed(desk, **filters)]

    assert found(job_application_id="a-1") == [made["a-1", "c-1"], made["a-1", "c-2"]]
    assert found(candidate_id="c-2") == [made["a-1", "c-2"], made["a-2", "c-2"]]
    assert found(candidate_id="c-2", job_application_id="a-2") == [made["a-2", "c-2"]]
    assert found(candidate_id="c-2", job_application_id="") == found(candidate_id="c-2")
    assert found(candidate_id="c-3") == found(candidate_id="c-1", job_application_id="a-3") == []


def test_the_configuration_lists_the_assessments_of_the_sandbox() -> None:
    desk = Desk()
    reply = desk.send("get_configuration")
    assert reply.body["assessments"][0] == {"id": GAMES, "type": "games", "description": "Core games"}
    assert [one["id"] for one in reply.body["assessments"]] == [one.id for one in desk.config.assessments]


def test_in_neutral_words_an_order_is_an_invitation() -> None:
    desk = Desk()
    id = desk.order()
    invitation = VENDOR.to_invitation(desk.all("order")[0])
    assert (invitation.id, invitation.vendor, invitation.status) == (id, "pymetrics", "Not Started")
    assert invitation.candidate == ORDER["candidate"]
    assert invitation.created == desk.now
    assert invitation.links == {"invite": f"{BASE_URL_TOKEN}/pymetrics/invite/{LINK_TOKEN}.{id}"}


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.text(max_size=9) | st.sampled_from(["candidate", "email", "assessment_id", "results", "score", "scores"]),
        inner, max_size=4,
    ),
    max_leaves=9,
)  # fmt: skip
MEMBERS = st.dictionaries(st.sampled_from([*ORDER, "client_id", "client_secret", "grant_type", "candidate_id"]), JSON)


@settings(max_examples=200, deadline=None)
@given(JSON | MEMBERS | MEMBERS.map(lambda body: {**ORDER, **body}))
def test_no_body_makes_it_stumble(body: Any) -> None:
    for endpoint in (one for one in VENDOR.endpoints if one.method == "POST"):
        assert Desk().send(endpoint.operation.name, {"body": body}).status in endpoint.statuses
    desk = Desk(webhook_url="http://127.0.0.1:9")
    desk.order()
    assert desk.act("complete", body).status in (200, 422)
    assert desk.act("start", body).status in (200, 409, 422)


def test_equal_calls_make_equal_decisions() -> None:
    worlds = [FakeSandbox(), FakeSandbox()]
    body = {**ORDER, "send_email": True}
    create = VENDOR.operations["create_order"]
    first, second = [create.decide(world.call("create_order", body), world) for world in worlds]
    assert first == second


def test_an_action_on_an_order_that_is_not_there_is_a_404() -> None:
    world = FakeSandbox()
    call = world.call("start", MISSING, params={"id": "x"})
    decision = handle(VENDOR, VENDOR.actions["start"], call, world)
    assert (decision.response.status, decision.response.body) == (404, {"detail": "no pymetrics order has this id"})
