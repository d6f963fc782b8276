"""Creating, reading and listing orders, notes, hints and mails."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessment_simulator.core.config import Assessment
from assessment_simulator.core.links import BASE_URL_TOKEN, LINK_TOKEN
from assessment_simulator.core.request import MISSING
from assessment_simulator.core.vendor import handle
from assessment_simulator.vendors.pymetrics import VENDOR
from tests.fakes import FakeSandbox
from tests.vendors.pymetrics.fakes import PymetricsSandbox, shown
from tests.vendors.pymetrics.rows import GAMES, ORDER, REASONING, REQUESTS, Change

MINIMAL = {"candidate": {"email": "ada@example.com"}, "assessment_id": GAMES, "application_id": "a-1"}


def test_order_has_the_documented_members(sandbox: PymetricsSandbox) -> None:
    response = sandbox.send("create_order")
    order = shown(response)
    assert (response.status, list(response.body), response.body["created"]) == (201, ["order", "created"], True)
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
    assert sandbox.all("mail") == []


def test_unset_members_are_null() -> None:
    order = shown(PymetricsSandbox().send("create_order", {"body": MINIMAL}))
    assert len(order) == 16
    assert order["candidate"] == {
        "email": "ada@example.com", "first_name": None, "last_name": None, "external_id": None
    }  # fmt: skip
    for member in ("requisition_id", "requisition_title", "metadata", "candidate_redirect_url"):
        assert order[member] is None


@pytest.mark.parametrize("status", ["Not Started", "Pending", "Accepted"])
def test_behaviour_flag_sets_the_initial_status(status: str) -> None:
    sandbox = PymetricsSandbox(behaviour={"pymetrics.initial_status": status})
    assert shown(sandbox.send("create_order"))["status"] == status


def test_repeated_order_returns_the_first_and_changes_nothing(sandbox: PymetricsSandbox) -> None:
    sandbox.order(send_email=True)
    before = sandbox.memory()
    change = {"body.send_email": True, "body.candidate.first_name": "Eda", "body.metadata": {"colour": "red"}}
    response = sandbox.send("create_order", change)
    assert (response.status, response.body["created"]) == (200, False)
    assert shown(response) == sandbox.all("order")[0].public
    assert sandbox.memory() == before


@pytest.mark.parametrize("actions", [("expire",), ("reject",), ("complete", "fulfil")])
def test_repeated_order_returns_an_ended_order(sandbox: PymetricsSandbox, actions: tuple[str, ...]) -> None:
    id = sandbox.order(*actions)
    assert shown(sandbox.send("create_order"))["id"] == id


EXACT, OPTIONAL = {"pymetrics.email_match": "exact"}, {"pymetrics.v2_email": "optional"}
CAPITALS = {"body.candidate.email": " ADA@example.com "}
NAMELESS = {"body.candidate": {"external_id": "c-1"}}
# Behaviour flags, the changes of two orders, and whether the second is the first.
IDENTITY: list[tuple[dict[str, str], Change, Change, bool]] = [
    ({}, {}, {"body.candidate.external_id": "c-2", "body.requisition_id": "r-2"}, True),
    ({}, {}, {"body.candidate.email": "eda@example.com"}, False),
    ({}, {}, {"body.assessment_id": REASONING}, False),
    ({}, {}, {"body.application_id": "a-2"}, False),
    ({}, {}, {"body.application_id": ""}, False),
    ({}, {}, CAPITALS, True),
    (EXACT, {}, CAPITALS, False),
    # No separator within a part makes two orders one.
    ({}, {"body.candidate.email": "e", "body.application_id": f'q", "{GAMES}", "r\0'},
     {"body.candidate.email": f'e", "{GAMES}", "q', "body.application_id": "r\0"}, False),
    (OPTIONAL, {}, {"body.candidate.external_id": "c-2"}, True),
    (OPTIONAL, NAMELESS, NAMELESS, True),
    (OPTIONAL, NAMELESS, {"body.candidate": {"external_id": "c-2"}}, False),
    (OPTIONAL, NAMELESS, {"body.candidate": {"external_id": "c-1", "email": "c-1"}}, False),
    (OPTIONAL, NAMELESS, {**NAMELESS, "body.assessment_id": REASONING}, False),
    (OPTIONAL, NAMELESS, {**NAMELESS, "body.application_id": "a-2"}, False),
    *((OPTIONAL, {"body.candidate": nobody}, {"body.candidate": nobody}, False)
      for nobody in ({}, {"external_id": None}, {"external_id": ""})),
]  # fmt: skip


@pytest.mark.parametrize(("behaviour", "first", "second", "same"), IDENTITY)
def test_requests_are_for_one_order_if_three_parts_are_equal(
    behaviour: dict[str, str], first: Change, second: Change, same: bool
) -> None:
    sandbox = PymetricsSandbox(behaviour=behaviour)
    made, again = (sandbox.send("create_order_v2", change) for change in (first, second))
    assert (made.status, again.status, again.body["created"]) == (201, 200 if same else 201, not same)
    assert (shown(again)["id"] == shown(made)["id"]) is same


def test_email_is_shown_as_sent(sandbox: PymetricsSandbox) -> None:
    assert shown(sandbox.send("create_order", CAPITALS))["candidate"]["email"] == " ADA@example.com "


def test_send_email_mails_the_invitation(sandbox: PymetricsSandbox) -> None:
    id = sandbox.order(send_email=True)
    (mail,) = sandbox.all("mail")
    assert (mail.public["to"], mail.public["invitation"]) == ("ada@example.com", id)
    assert mail.public["subject"] == "Your assessment for Engineer"
    assert mail.public["link"] == f"{BASE_URL_TOKEN}/pymetrics/invite/{LINK_TOKEN}.{id}"
    assert mail.public["link"] in mail.public["text"]
    assert "for Engineer: Core games" in mail.public["text"]


def test_mail_without_name_and_vacancy(sandbox: PymetricsSandbox) -> None:
    sandbox.send("create_order", {"body": {**MINIMAL, "send_email": True}})
    (mail,) = sandbox.all("mail")
    assert mail.public["subject"] == "Your assessment"
    assert mail.public["text"].startswith("Hello ada@example.com,")


def test_undocumented_members_are_accepted_and_noted() -> None:
    response = PymetricsSandbox().send(
        "create_order", {"body.webhook": "x", "body.candidate.phone": "1", "body.send_email": True}
    )
    assert response.status == 201
    assert response.notes == (
        "body.webhook is not a documented member; it was ignored",
        "body.candidate.phone is not a documented member; it was ignored",
    )


def test_notes_are_at_most_five_short_ascii_lines() -> None:
    names = ["é" * 50, "\r\nSet-Cookie: x", "y" * 50, "a", "b", "c"]
    body = {"job_application_id": "a-1", "candidate": {"x": 1}} | dict.fromkeys(names)
    notes = PymetricsSandbox().send("list_orders", {"body": body}).notes
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
def test_misspelt_optional_member_is_noted_with_the_right_name(
    change: dict[str, object], sent: str, right: str
) -> None:
    response = PymetricsSandbox().send("create_order", change)
    assert response.notes == (f"{sent} is not a documented member; it was ignored; did you mean {right}?",)
    assert response.hints == ()


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
def test_misspelt_required_member_is_refused_with_a_hint(operation: str, body: object, sent: str, right: str) -> None:
    response = PymetricsSandbox().send(operation, {"body": body})
    assert response.status == 400
    assert f"body.{sent} is unknown; did you mean {right}?" in response.hints
    assert response.notes == ()


def test_misspelt_filter_of_version_2_is_refused_with_a_hint() -> None:
    response = PymetricsSandbox().send("list_orders_v2", {"query": {"candidateId": "c-1"}})
    assert (response.status, response.hints) == (400, ("query.candidateId is unknown; did you mean candidate_id?",))
    assert PymetricsSandbox().send("list_orders_v2", {"query": {"page": "1"}}).hints == ()


@pytest.mark.parametrize("operation", [name for name in REQUESTS if name != "download_report"])
def test_unknown_query_parameter_is_noted_by_every_operation(sandbox: PymetricsSandbox, operation: str) -> None:
    sandbox.order("complete")
    response = sandbox.send(operation, {"query": {**REQUESTS[operation].query, "verbose": "1"}})
    assert response.status < 300
    assert response.notes == ("query.verbose is not a documented parameter; it was ignored",)


def test_invalid_email_is_accepted_with_a_note() -> None:
    response = PymetricsSandbox().send("create_order", {"body.candidate.email": "not-an-address"})
    assert (response.status, response.body["order"]["candidate"]["email"]) == (201, "not-an-address")
    assert response.notes == ("body.candidate.email cannot be an e-mail address: it has no @; it was accepted",)
    assert PymetricsSandbox().send("create_order", {"body.candidate.email": "ada+rejected@example.com"}).notes == ()


def test_assessment_id_ignores_letter_case(sandbox: PymetricsSandbox) -> None:
    sandbox.order(assessment_id=GAMES.upper())
    again = sandbox.send("create_order")
    assert (again.status, again.body["order"].public["assessment_id"]) == (200, GAMES)
    assert sandbox.act("complete", {"results": [{"score": 1, "assessment_id": GAMES.upper()}]}).status == 200


def test_assessment_id_is_shown_as_configured() -> None:
    sandbox = PymetricsSandbox(assessments=(Assessment(GAMES.upper()), Assessment("Core")))
    assert sandbox.send("create_order").body["order"]["assessment_id"] == GAMES.upper()
    assert sandbox.send("create_order", {"body.assessment_id": "core"}).status == 400


def test_unescaped_plus_is_noted_where_nothing_is_found(sandbox: PymetricsSandbox) -> None:
    sandbox.order(candidate={"email": "ada@example.com", "external_id": "c 2"})
    for value, noted in (("1", True), ("2", False)):
        call = sandbox.request("list_orders_v2", {"query": {"candidate_id": f"c {value}"}})
        call = call._replace(raw_query=f"candidate_id=c+{value}")
        notes = handle(VENDOR, VENDOR.operations["list_orders_v2"], call, sandbox).response.notes
        assert any("%2B" in note for note in notes) is noted


def test_reading_a_completed_order_fulfils_it(sandbox: PymetricsSandbox) -> None:
    sandbox.order("complete")
    completed = sandbox.all("order")[0].public
    assert listed(sandbox, job_application_id="a-1")[0]["status"] == "Completed"
    response = sandbox.send("get_order")
    assert shown(response) == {**completed, "status": "Fulfilled"}
    assert list(shown(response)) == list(completed)
    assert sandbox.all("order")[0].status == "Fulfilled"
    assert sandbox.send("get_order").body is sandbox.all("order")[0]


def test_completed_order_without_results_stays_completed(sandbox: PymetricsSandbox) -> None:
    sandbox.order()
    sandbox.act("complete", {"results": []})
    order = shown(sandbox.send("get_order"))
    assert (order["status"], order["results"]) == ("Completed", [])


def listed(sandbox: PymetricsSandbox, **filters: str) -> list[Any]:
    """The orders that these filters find, as they are shown."""
    response = sandbox.send("list_orders", {"body": filters})
    return [order.public if hasattr(order, "public") else order for order in response.body["orders"]]


def test_list_filters_by_application_and_candidate_oldest_first(sandbox: PymetricsSandbox) -> None:
    people = {"c-1": "ada@example.com", "c-2": "eda@example.com"}
    made = {
        (application, person): sandbox.order(
            application_id=application, candidate={"email": people[person], "external_id": person}
        )
        for application in ("a-1", "a-2")
        for person in ("c-1", "c-2")
    }

    def found(**filters: str) -> list[str]:
        return [order["id"] for order in listed(sandbox, **filters)]

    assert found(job_application_id="a-1") == [made["a-1", "c-1"], made["a-1", "c-2"]]
    assert found(candidate_id="c-2") == [made["a-1", "c-2"], made["a-2", "c-2"]]
    assert found(candidate_id="c-2", job_application_id="a-2") == [made["a-2", "c-2"]]
    assert found(candidate_id="c-2", job_application_id="") == found(candidate_id="c-2")
    assert found(candidate_id="c-3") == found(candidate_id="c-1", job_application_id="a-3") == []


def test_configuration_lists_the_assessments(sandbox: PymetricsSandbox) -> None:
    response = sandbox.send("get_configuration")
    assert response.body["assessments"][0] == {"id": GAMES, "type": "games", "description": "Core games"}
    assert [one["id"] for one in response.body["assessments"]] == [one.id for one in sandbox.config.assessments]


def test_order_as_an_invitation(sandbox: PymetricsSandbox) -> None:
    id = sandbox.order()
    invitation = VENDOR.to_invitation(sandbox.all("order")[0])
    assert (invitation.id, invitation.vendor, invitation.status) == (id, "pymetrics", "Not Started")
    assert invitation.candidate == ORDER["candidate"]
    assert invitation.created == sandbox.now
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
def test_any_body_returns_a_documented_status(body: Any) -> None:
    for endpoint in (one for one in VENDOR.endpoints if one.method == "POST"):
        assert PymetricsSandbox().send(endpoint.operation.name, {"body": body}).status in endpoint.statuses
    sandbox = PymetricsSandbox(webhook_url="http://127.0.0.1:9")
    sandbox.order()
    assert sandbox.act("complete", body).status in (200, 422)
    assert sandbox.act("start", body).status in (200, 409, 422)


def test_equal_requests_make_equal_decisions() -> None:
    sandboxes = [FakeSandbox(), FakeSandbox()]
    body = {**ORDER, "send_email": True}
    create = VENDOR.operations["create_order"]
    first, second = [create.decide(sandbox.call("create_order", body), sandbox) for sandbox in sandboxes]
    assert first == second


def test_action_on_an_unknown_order_is_404() -> None:
    sandbox = FakeSandbox()
    call = sandbox.call("start", MISSING, params={"id": "x"})
    decision = handle(VENDOR, VENDOR.actions["start"], call, sandbox)
    assert (decision.response.status, decision.response.body) == (404, {"detail": "no pymetrics order has this id"})
