"""Each switch, shown on records that were made before it was set."""

from typing import Any

import pytest

from assessment_simulator.core.config import Config
from assessment_simulator.vendors.predictive_index import VENDOR
from tests.fakes import FakeSandbox
from tests.vendors.predictive_index.rows import VALID
from tests.vendors.predictive_index.test_assessments import SAMPLE_MEMBERS, created, post, saved
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


def test_unsent_state_may_be_sent(sandbox: FakeSandbox) -> None:
    sandbox.set_behaviour(pi_unsent_state=10)
    assert saved(sandbox, created(sandbox)["assessmentId"]).status == 10


def test_person_types_may_be_numbers_in_requests_and_answers(sandbox: FakeSandbox) -> None:
    old = done(sandbox, personType="Former Employee")
    assert shown(sandbox, old)["personType"] == "Former Employee"
    sandbox.set_behaviour(pi_person_type="numbers")
    assert shown(sandbox, old)["personType"] == 5
    assert post(sandbox, **VALID, personType=3.0).body["personType"] == 3
    assert created(sandbox)["personType"] == 1


def test_state_member_may_have_the_older_name(sandbox: FakeSandbox) -> None:
    id = done(sandbox)
    sandbox.set_behaviour(pi_state_member="assessmentStatus")
    face = shown(sandbox, id)
    assert list(face) == [name.replace("assessmentState", "assessmentStatus") if name == "assessmentState" else name
                          for name in SAMPLE_MEMBERS]  # fmt: skip
    assert face["assessmentStatus"] == 40


@pytest.mark.parametrize("name", ["assessmentState", "assessmentStatus"])
def test_response_members_may_be_those_of_the_response_table(sandbox: FakeSandbox, name: str) -> None:
    id = done(sandbox)
    sandbox.set_behaviour(pi_response_members="table", pi_state_member=name)
    assert list(shown(sandbox, id)) == [member for member in SAMPLE_MEMBERS if member not in NOT_IN_THE_TABLE]


def test_sigma_graphs_may_all_be_the_self_graph(sandbox: FakeSandbox) -> None:
    id = done(sandbox, associatedPositionTitle="Software Engineer")
    own = saved(sandbox, id).public
    sandbox.set_behaviour(pi_sigma_graphs="self")
    face = shown(sandbox, id)
    assert face["selfConceptSigmaScore"] == face["synthesisSigmaScore"] == own["selfSigmaScore"]
    assert face["positionSigmaScore"] == own["positionSigmaScore"]


def test_sigma_container_may_be_an_object(sandbox: FakeSandbox) -> None:
    id = created(sandbox)["assessmentId"]
    sandbox.set_behaviour(pi_sigma_container="object")
    assert shown(sandbox, id)["selfSigmaScore"] is None
    act(sandbox, id, "complete")
    face = shown(sandbox, id)
    assert [face["selfSigmaScore"]] == saved(sandbox, id).public["selfSigmaScore"]
    assert face["positionSigmaScore"] is None


FOLDERS = [
    ("as sent", None, "Finance"),
    ("full", None, "\\Example Company\\Finance"),
    ("name", None, "Finance"),
    ("as sent", "\\Example Company\\Some Folder", "\\Example Company\\Some Folder"),
    ("full", "\\Example Company\\Some Folder", "\\Example Company\\Some Folder"),
    ("name", "\\Example Company\\Some Folder", "Some Folder"),
]


@pytest.mark.parametrize(("value", "sent", "shows"), FOLDERS)
def test_folder_path_is_shown_as_sent_in_full_or_by_name(value: str, sent: str | None, shows: str) -> None:
    sandbox = FakeSandbox()
    id = created(sandbox, folderPath=sent)["assessmentId"]
    sandbox.set_behaviour(pi_folder_path=value)
    assert shown(sandbox, id)["folderPath"] == shows


def test_list_limit_may_be_lifted(sandbox: FakeSandbox) -> None:
    ids = [created(sandbox)["assessmentId"] for _ in range(52)]
    sandbox.set_behaviour(pi_list_limit=None)
    response = sandbox.handle(VENDOR, "list_assessments")
    assert ([stored.id for stored in response.body], response.notes) == (ids, ())


def test_flag_at_its_default_returns_the_stored_record(sandbox: FakeSandbox) -> None:
    id = created(sandbox)["assessmentId"]
    sandbox.set_behaviour(pi_state_member="assessmentState", pymetrics_anything=1)
    assert sandbox.handle(VENDOR, "get_assessment", params={"assessmentId": id}).body is saved(sandbox, id)
