"""Reports and their links."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core import instant
from assessment_simulator.core.decision import Dot
from assessment_simulator.core.links import BASE_URL_TOKEN, LINK_TOKEN
from tests.fakes import FakeSandbox
from tests.vendors.pymetrics.fakes import PymetricsSandbox, shown


@pytest.mark.parametrize("word", ["true", "True", "1", "yes", "ON", "t", "Y"])
def test_report_is_made_on_request(sandbox: PymetricsSandbox, word: str) -> None:
    id = sandbox.order("complete")
    order = shown(sandbox.send("get_order", {"query.report": word}))
    (report,) = order["reports"]
    assert order["status"] == "Fulfilled"
    assert list(report) == ["download_url", "create_date", "modify_date"]
    assert report["download_url"].startswith(f"{BASE_URL_TOKEN}/pymetrics/reports/{LINK_TOKEN}.{id}.")
    assert report["create_date"] == report["modify_date"] == "2026-11-01T12:00:00.000000+00:00"


def test_only_version_2_shows_the_type_of_a_report(sandbox: PymetricsSandbox) -> None:
    sandbox.order("complete")
    made = shown(sandbox.send("get_order_v2", {"query.report": "true"}))
    shows = {
        "get_order": shown(sandbox.send("get_order")),
        "list_orders": sandbox.send("list_orders").body["orders"][0],
        "create_order": sandbox.send("create_order").body["order"],
        "get_order_v2": shown(sandbox.send("get_order_v2")),
        "list_orders_v2": sandbox.send("list_orders_v2").body["orders"][0],
        "create_order_v2": sandbox.send("create_order_v2").body["order"],
    }
    assert "report_type" in made["reports"][0]
    assert {name for name, order in shows.items() if "report_type" in order["reports"][0]} == {
        name for name in shows if name.endswith("_v2")
    }


def test_report_is_made_once_and_every_response_has_a_new_link(sandbox: PymetricsSandbox) -> None:
    sandbox.order("complete")
    first = shown(sandbox.send("get_order", {"query.report": "true"}))["reports"][0]
    before = sandbox.memory()
    sandbox.now += instant.MINUTE
    for looked in (
        shown(sandbox.send("get_order", {"query.report": "true"})),
        shown(sandbox.send("get_order")),
        sandbox.send("list_orders").body["orders"][0],
        shown(sandbox.send("create_order")),
    ):
        (again,) = looked["reports"]
        assert again["create_date"] == first["create_date"]
        assert again["download_url"] != first["download_url"]
    assert sandbox.memory() == before


def test_report_of_an_order_without_results_says_so(sandbox: PymetricsSandbox) -> None:
    sandbox.order()
    sandbox.act("complete", {"results": []})
    sandbox.ticket()
    assert sandbox.all("order")[0].status == "Completed"
    document = sandbox.send("download_report").body
    assert document.sections[-1] == ("Results", (("There are no results.",),))


def test_link_returns_the_report_as_a_pdf(sandbox: PymetricsSandbox) -> None:
    id = sandbox.order()
    sandbox.act("complete", {"results": [{"score": 71.5}, {}]})
    sandbox.ticket()
    response = sandbox.send("download_report")
    assert (response.status, response.media_type) == (200, "application/pdf")
    assert response.body.title == "Recruiter report"
    *tables, (chart, (picture,)), (bands, about), (explanation, ((text,),)) = response.body.sections
    assert tables == [
        ("Candidate", (("Name", "Ada Lovelace"), ("E-mail", "ada@example.com"))),
        ("Order", (
            ("Order", id), ("Application", "a-1"), ("Vacancy", "Engineer"), ("Assessment", "Core games"),
            ("Status", "Fulfilled"),
        )),
        ("Results", (
            ("Assessment", "Score", "Band"), ("Core games", "71.5", "Highly Recommended"), ("Core games", "", ""),
        )),
    ]  # fmt: skip
    assert (chart, bands, explanation) == ("Scores", "What the bands mean", "How to read this report")
    # Each dot has a white edge; a result without a score has none.
    assert len([mark for mark in picture.marks if isinstance(mark, Dot)]) == 2
    assert [name for name, _ in about] == [
        "Highly Recommended, from 70", "Recommended, from 40", "Not Recommended, from 0",
    ]  # fmt: skip
    assert "between 0 and 100" in text


def test_report_without_name_and_vacancy(sandbox: PymetricsSandbox) -> None:
    sandbox.order("complete", candidate={"email": "ada@example.com"}, requisition_title=None)
    sandbox.ticket()
    document = sandbox.send("download_report").body
    assert document.sections[0][1][0] == ("Name", "ada@example.com")
    assert ("Vacancy", "") in document.sections[1][1]


def test_link_is_valid_for_its_own_order_only(sandbox: PymetricsSandbox) -> None:
    sandbox.order("complete")
    name, seal, _, expiry, code = sandbox.ticket().split(".")
    other = sandbox.order("complete", application_id="a-2")
    sandbox.ticket()
    assert sandbox.send("download_report", {"path.ticket": f"{name}.{seal}.{other}.{expiry}.{code}"}).status == 403


def test_link_of_another_secret_is_refused(sandbox: PymetricsSandbox) -> None:
    sandbox.order("complete")
    sandbox.ticket()
    sandbox.secret = FakeSandbox(secret=b"another").secret
    assert sandbox.send("download_report").rules == ("pymetrics.report.link",)


@given(st.text() | st.text(".0123456789abcdef-é٣"))
def test_any_other_link_is_refused_without_raising(text: str) -> None:
    assert PymetricsSandbox().send("download_report", {"path.ticket": f"test.seal.{text}"}).status == 403


@pytest.mark.parametrize(
    ("actions", "word", "made"),
    [
        *((("complete",), word, 0) for word in ("false", "False", "0", "no", "off", "f", "n", "")),
        *((actions, "true", 0) for actions in ((), ("start",), ("expire",), ("reject",))),
        (("complete", "fulfil"), "true", 1),
    ],
)
def test_only_finished_orders_have_reports(
    sandbox: PymetricsSandbox, actions: tuple[str, ...], word: str, made: int
) -> None:
    sandbox.order(*actions)
    response = sandbox.send("get_order", {"query.report": word})
    assert (response.status, len(shown(response)["reports"] or ())) == (200, made)
