"""Reports: made when asked for, shown with a link that lapses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core import instant
from assessment_simulator.core.request import BASE_URL_TOKEN, LINK_TOKEN, Document
from tests.fakes import FakeSandbox
from tests.vendors.pymetrics.desk import Desk, shown


@pytest.mark.parametrize("word", ["true", "True", "1", "yes", "ON", "t", "Y"])
def test_asking_for_a_report_makes_one_in_the_same_answer(word: str) -> None:
    desk = Desk()
    id = desk.order("complete")
    order = shown(desk.send("get_order", {"query.report": word}))
    (report,) = order["reports"]
    assert order["status"] == "Fulfilled"
    assert list(report) == ["download_url", "create_date", "modify_date"]
    assert report["download_url"].startswith(f"{BASE_URL_TOKEN}/pymetrics/reports/{LINK_TOKEN}.{id}.")
    assert report["create_date"] == report["modify_date"] == "2026-11-01T12:00:00.000000+00:00"


def test_only_version_2_shows_the_type_of_a_report() -> None:
    desk = Desk()
    desk.order("complete")
    made = shown(desk.send("get_order_v2", {"query.report": "true"}))
    shows = {
        "get_order": shown(desk.send("get_order")),
        "list_orders": desk.send("list_orders").body["orders"][0],
        "create_order": desk.send("create_order").body["order"],
        "get_order_v2": shown(desk.send("get_order_v2")),
        "list_orders_v2": desk.send("list_orders_v2").body["orders"][0],
        "create_order_v2": desk.send("create_order_v2").body["order"],
    }
    assert "report_type" in made["reports"][0]
    assert {name for name, order in shows.items() if "report_type" in order["reports"][0]} == {
        name for name in shows if name.endswith("_v2")
    }


@pytest.mark.parametrize("word", ["false", "False", "0", "no", "off", "f", "n", ""])
def test_no_report_is_made_when_none_is_wanted(word: str) -> None:
    desk = Desk()
    desk.order("complete")
    assert shown(desk.send("get_order", {"query.report": word}))["reports"] is None


@pytest.mark.parametrize("actions", [(), ("start",), ("expire",), ("reject",)])
def test_an_order_that_is_not_completed_has_no_report(actions: tuple[str, ...]) -> None:
    desk = Desk()
    desk.order(*actions)
    reply = desk.send("get_order", {"query.report": "true"})
    assert (reply.status, shown(reply)["reports"]) == (200, None)


def test_a_fulfilled_order_can_get_its_report_later() -> None:
    desk = Desk()
    desk.order("complete", "fulfil")
    order = shown(desk.send("get_order", {"query.report": "true"}))
    assert (order["status"], len(order["reports"])) == ("Fulfilled", 1)


def test_a_report_is_made_once_and_its_link_renewed_at_each_look() -> None:
    desk = Desk()
    desk.order("complete")
    first = shown(desk.send("get_order", {"query.report": "true"}))["reports"][0]
    before = desk.memory()
    desk.now += instant.MINUTE
    for looked in (
        shown(desk.send("get_order", {"query.report": "true"})),
        shown(desk.send("get_order")),
        desk.send("list_orders").body["orders"][0],
        shown(desk.send("create_order")),
    ):
        (again,) = looked["reports"]
        assert again["create_date"] == first["create_date"]
        assert again["download_url"] != first["download_url"]
    assert desk.memory() == before


def test_a_completed_order_without_results_has_a_report_that_says_so() -> None:
    desk = Desk()
    desk.order()
    desk.act("complete", {"results": []})
    desk.ticket()
    assert desk.all("order")[0].status == "Completed"
    document = desk.send("download_report").body
    assert document.sections[-1] == ("Results", (("There are no results.",),))


def test_the_link_gives_the_report_as_a_pdf_to_be_drawn() -> None:
    desk = Desk()
    id = desk.order()
    desk.act("complete", {"results": [{"score": 71.5}, {}]})
    desk.ticket()
    reply = desk.send("download_report")
    assert (reply.status, reply.media_type) == (200, "application/pdf")
    assert reply.body == Document(
        "Recruiter report",
        (
            ("Candidate", (("Name", "Ada Lovelace"), ("E-mail", "ada@example.com"))),
            (
                "Order",
                (
                    ("Order", id),
                    ("Application", "a-1"),
                    ("Vacancy", "Engineer"),
                    ("Assessment", "Core games"),
                    ("Status", "Fulfilled"),
                ),
            ),
            (
                "Results",
                (
                    ("Assessment", "Score", "Band"),
                    ("Core games", "71.5", "Highly Recommended"),
                    ("Core games", "", ""),
                ),
            ),
        ),
    )


def test_a_report_does_without_name_and_vacancy() -> None:
    desk = Desk()
    desk.order("complete", candidate={"email": "ada@example.com"}, requisition_title=None)
    desk.ticket()
    document = desk.send("download_report").body
    assert document.sections[0][1][0] == ("Name", "ada@example.com")
    assert ("Vacancy", "") in document.sections[1][1]


def test_a_link_works_until_its_last_tick() -> None:
    desk = Desk()
    desk.order("complete")
    desk.ticket()
    desk.now += instant.HOUR - 1
    assert desk.send("download_report").status == 200
    desk.now += 1
    reply = desk.send("download_report")
    assert (reply.status, reply.body["message"]) == (
        403, "the link must not have lapsed; read the order again for a new one"
    )  # fmt: skip


def test_a_link_opens_no_other_order() -> None:
    desk = Desk()
    desk.order("complete")
    name, seal, _, expiry, code = desk.ticket().split(".")
    other = desk.order("complete", application_id="a-2")
    desk.ticket()
    assert desk.send("download_report", {"path.ticket": f"{name}.{seal}.{other}.{expiry}.{code}"}).status == 403


def test_a_link_is_of_no_use_where_another_secret_seals() -> None:
    desk = Desk()
    desk.order("complete")
    desk.ticket()
    desk.secret = FakeSandbox(secret=b"another").secret
    assert desk.send("download_report").rules == ("pymetrics.report.link",)


@given(st.text() | st.text(".0123456789abcdef-é٣"))
def test_no_link_makes_it_stumble(text: str) -> None:
    assert Desk().send("download_report", {"path.ticket": f"test.seal.{text}"}).status == 403
