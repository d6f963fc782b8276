"""Each switch, shown on records that were made before it was set."""

from typing import Any

import pytest

from assessment_simulator.core.vendor import behaviour_in_force
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


def shown(world: FakeSandbox, id: str) -> dict[str, Any]:
    body = world.ask(VENDOR, "get_assessment", params={"assessmentId": id}).body
    (listed,) = world.ask(VENDOR, "list_assessments").body
    face: dict[str, Any] = getattr(body, "public", body)
    assert getattr(listed, "public", listed) == face
    return face


def done(world: FakeSandbox, **more: Any) -> str:
    id: str = created(world, **more)["assessmentId"]
    act(world, id, "complete")
    return id


def test_every_switch_begins_at_its_default() -> None:
    assert behaviour_in_force(FakeSandbox().config, VENDOR.behaviour_flags) == {
        "pi.created_state": "sample",
        "pi.unsent_state": 0,
        "pi.webhook_on": "completion",
        "pi.webhook_source": "sent",
        "pi.webhook_member": "assessmentStatusWebHook",
        "pi.person_type": "strings",
        "pi.state_member": "assessmentState",
        "pi.response_members": "sample",
        "pi.sigma_graphs": "own",
        "pi.sigma_container": "array",
        "pi.folder_path": "as sent",
        "pi.list_limit": 50,
        "pi.webhook_format": "form",
        "pi.revive_expired": True,
        "pi.archive_status": 204,
        "pi.patch_null": "ignored",
        "pi.external_id_match": "externalId",
        "pi.byte_order_mark": "accepted",
        "pi.url_match": "ignore case",
    }


CREATED = [("sample", 0, 0, 0), ("sample", 1, 0, 10), ("sent", 0, 0, 0), ("sent", 1, 10, 10)]


@pytest.mark.parametrize(("value", "notify", "shows", "is_saved_as"), CREATED)
def test_the_201_shows_the_state_of_the_example_or_the_saved_one(
    value: str, notify: int, shows: int, is_saved_as: int
) -> None:
    world = FakeSandbox()
    world.behave(pi_created_state=value)
    face = created(world, notifyAssessmentAvailableUsingEmail=notify)
    assert (face["assessmentState"], saved(world, face["assessmentId"]).status) == (shows, is_saved_as)


def test_an_invitation_that_nobody_was_told_of_may_count_as_sent() -> None:
    world = FakeSandbox()
    world.behave(pi_unsent_state=10)
    assert saved(world, created(world)["assessmentId"]).status == 10


def test_person_types_may_be_numbers_in_requests_and_answers() -> None:
    world = FakeSandbox()
    old = done(world, personType="Former Employee")
    assert shown(world, old)["personType"] == "Former Employee"
    world.behave(pi_person_type="numbers")
    assert shown(world, old)["personType"] == 5
    assert post(world, **VALID, personType=3.0).body["personType"] == 3
    assert created(world)["personType"] == 1


def test_the_state_may_have_the_older_name() -> None:
    world = FakeSandbox()
    id = done(world)
    world.behave(pi_state_member="assessmentStatus")
    face = shown(world, id)
    assert list(face) == [name.replace("assessmentState", "assessmentStatus") if name == "assessmentState" else name
                          for name in SAMPLE_MEMBERS]  # fmt: skip
    assert face["assessmentStatus"] == 40


@pytest.mark.parametrize("name", ["assessmentState", "assessmentStatus"])
def test_answers_may_have_the_members_of_the_response_table_alone(name: str) -> None:
    world = FakeSandbox()
    id = done(world)
    world.behave(pi_response_members="table", pi_state_member=name)
    assert list(shown(world, id)) == [member for member in SAMPLE_MEMBERS if member not in NOT_IN_THE_TABLE]


def test_every_graph_may_be_the_self_graph() -> None:
    world = FakeSandbox()
    id = done(world, associatedPositionTitle="Software Engineer")
    own = saved(world, id).public
    world.behave(pi_sigma_graphs="self")
    face = shown(world, id)
    assert face["selfConceptSigmaScore"] == face["synthesisSigmaScore"] == own["selfSigmaScore"]
    assert face["positionSigmaScore"] == own["positionSigmaScore"]


def test_a_sigma_score_may_be_a_plain_object() -> None:
    world = FakeSandbox()
    id = created(world)["assessmentId"]
    world.behave(pi_sigma_container="object")
    assert shown(world, id)["selfSigmaScore"] is None
    act(world, id, "complete")
    face = shown(world, id)
    assert [face["selfSigmaScore"]] == saved(world, id).public["selfSigmaScore"]
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
def test_a_folder_may_be_shown_as_sent_in_full_or_by_name(value: str, sent: str | None, shows: str) -> None:
    world = FakeSandbox()
    id = created(world, folderPath=sent)["assessmentId"]
    world.behave(pi_folder_path=value)
    assert shown(world, id)["folderPath"] == shows


def test_a_list_may_be_whole() -> None:
    world = FakeSandbox()
    ids = [created(world)["assessmentId"] for _ in range(52)]
    world.behave(pi_list_limit=None)
    reply = world.ask(VENDOR, "list_assessments")
    assert ([stored.id for stored in reply.body], reply.notes) == (ids, ())


def test_a_switch_that_is_set_to_its_default_keeps_the_fast_way() -> None:
    world = FakeSandbox()
    id = created(world)["assessmentId"]
    world.behave(pi_state_member="assessmentState", pymetrics_anything=1)
    assert world.ask(VENDOR, "get_assessment", params={"assessmentId": id}).body is saved(world, id)
