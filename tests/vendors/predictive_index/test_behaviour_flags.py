"""Each switch, shown on records that were made before it was set."""

from typing import Any

import pytest

from assessment_simulator.core.config import Config
from assessment_simulator.vendors.predictive_index import VENDOR
from tests.fakes import FakeSandbox
from tests.vendors.predictive_index.test_assessments import SAMPLE_MEMBERS, created, saved
from tests.vendors.predictive_index.test_states import act

NOT_IN_THE_TABLE = {
    "assessmentDateTime", "scoringMethod", "patternNumber", "descriptiveReportUrl", "associatedPositionImageUrl",
    "folderPath", "patternFullUrl", "patternSelfUrl", "isDeleted", "assessmentState", "assessmentPassword",
    "descriptiveReportPageUrl", "personPageUrl",
}  # fmt: skip


def shown(sandbox: FakeSandbox, id: str) -> dict[str, Any]:
    body = sandbox.handle(VENDOR, "get_assessment", params={"assessmentId": id}).body
    (listed,) = sandbox.handle(VENDOR, "list_assessments").body
    face: dict[str, Any] = getattr(body, "public", body)
    assert getattr(listed, "public", listed) == face
    return face


def done(sandbox: FakeSandbox, **more: Any) -> str:
    id: str = created(sandbox, **more)["assessmentId"]
    act(sandbox, id, "complete")
    return id


def test_every_flag_has_its_default() -> None:
    assert {flag.id.removeprefix("pi."): flag.value(Config()) for flag in VENDOR.behaviour_flags} == {
        "created_state": "sample", "unsent_state": 0, "webhook_on": "completion", "webhook_source": "sent",
        "webhook_member": "assessmentStatusWebHook", "person_type": "strings", "state_member": "assessmentState",
        "response_members": "sample", "sigma_graphs": "own", "sigma_container": "array", "folder_path": "as sent",
        "list_limit": 50, "webhook_format": "form", "revive_expired": True, "archive_status": 204,
        "patch_null": "ignored", "external_id_match": "externalId", "byte_order_mark": "accepted",
        "url_match": "ignore case",
    }  # fmt: skip


CREATED = [("sample", 0, 0, 0), ("sample", 1, 0, 10), ("sent", 0, 0, 0), ("sent", 1, 10, 10)]


@pytest.mark.parametrize(("value", "notify", "shows", "is_saved_as"), CREATED)
def test_created_state_shows_the_examples_or_the_stored_state(
    sandbox: FakeSandbox, value: str, notify: int, shows: int, is_saved_as: int
) -> None:
    sandbox.set_behaviour(pi_created_state=value)
    face = created(sandbox, notifyAssessmentAvailableUsingEmail=notify)
    assert (face["assessmentState"], saved(sandbox, face["assessmentId"]).status) == (shows, is_saved_as)


OWN, OTHER = "\\Example Company\\Finance", "\\Example Company\\Some Folder"
# Flags, what was sent before they were set, and what a completed assessment shows from then on.
SHAPES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({}, {"personType": "Former Employee"}, {"personType": "Former Employee", "folderPath": "Finance"}),
    ({"pi_person_type": "numbers"}, {"personType": "Former Employee"}, {"personType": 5}),
    ({"pi_person_type": "numbers"}, {}, {"personType": 1}),
    ({"pi_state_member": "assessmentStatus"}, {}, {"assessmentStatus": 40}),
    ({"pi_folder_path": "full"}, {}, {"folderPath": OWN}),
    ({"pi_folder_path": "name"}, {}, {"folderPath": "Finance"}),
    ({"pi_folder_path": "as sent"}, {"folderPath": OTHER}, {"folderPath": OTHER}),
    ({"pi_folder_path": "full"}, {"folderPath": OTHER}, {"folderPath": OTHER}),
    ({"pi_folder_path": "name"}, {"folderPath": OTHER}, {"folderPath": "Some Folder"}),
    ({"pi_sigma_container": "object"}, {}, {"positionSigmaScore": None}),
]


@pytest.mark.parametrize(("flags", "sent", "shows"), SHAPES)
def test_flag_shapes_what_was_stored_before(
    sandbox: FakeSandbox, flags: dict[str, Any], sent: dict[str, Any], shows: dict[str, Any]
) -> None:
    id = done(sandbox, **sent)
    sandbox.set_behaviour(**flags)
    assert shows.items() <= shown(sandbox, id).items()


@pytest.mark.parametrize("name", ["assessmentState", "assessmentStatus"])
@pytest.mark.parametrize("members", ["sample", "table"])
def test_members_are_those_of_the_sample_or_of_the_response_table(
    sandbox: FakeSandbox, members: str, name: str
) -> None:
    id = done(sandbox)
    sandbox.set_behaviour(pi_response_members=members, pi_state_member=name)
    hidden = NOT_IN_THE_TABLE if members == "table" else set()
    right = [name if member == "assessmentState" else member for member in SAMPLE_MEMBERS if member not in hidden]
    assert list(shown(sandbox, id)) == right


def test_sigma_scores_may_all_be_the_self_graph_or_bare_objects(sandbox: FakeSandbox) -> None:
    id, pending = done(sandbox, associatedPositionTitle="Software Engineer"), created(sandbox)["assessmentId"]
    own = saved(sandbox, id).public
    sandbox.set_behaviour(pi_sigma_graphs="self", pi_sigma_container="object")
    face = sandbox.handle(VENDOR, "get_assessment", params={"assessmentId": id}).body
    assert [face["selfConceptSigmaScore"]] == [face["synthesisSigmaScore"]] == own["selfSigmaScore"]
    assert [face["positionSigmaScore"]] == own["positionSigmaScore"]
    assert sandbox.handle(VENDOR, "get_assessment", params={"assessmentId": pending}).body["selfSigmaScore"] is None


def test_flags_change_what_is_taken(sandbox: FakeSandbox) -> None:
    sandbox.set_behaviour(pi_person_type="numbers", pi_unsent_state=10)
    face = created(sandbox, personType=3.0)
    assert (face["personType"], saved(sandbox, face["assessmentId"]).status) == (3, 10)


def test_list_limit_may_be_lifted(sandbox: FakeSandbox) -> None:
    ids = [created(sandbox)["assessmentId"] for _ in range(52)]
    sandbox.set_behaviour(pi_list_limit=None)
    response = sandbox.handle(VENDOR, "list_assessments")
    assert ([stored.id for stored in response.body], response.notes) == (ids, ())


def test_flag_at_its_default_returns_the_stored_record(sandbox: FakeSandbox) -> None:
    id = created(sandbox)["assessmentId"]
    sandbox.set_behaviour(pi_state_member="assessmentState", pymetrics_anything=1)
    assert sandbox.handle(VENDOR, "get_assessment", params={"assessmentId": id}).body is saved(sandbox, id)
