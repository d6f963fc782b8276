"""Reports: created on request, shown with a link that expires, and returned to everyone who has the link."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from hypothesis import strategies as st

from assessment_contracts import timestamps
from assessment_contracts.context import Context
from assessment_contracts.invalid_requests import check_refusal
from assessment_contracts.property import given
from assessment_contracts.pymetrics import api, errors
from assessment_contracts.pymetrics.facts import FACTS, TABLES
from assessment_contracts.pymetrics.fixtures import link
from assessment_contracts.pymetrics.results import completed
from assessment_contracts.pymetrics.strategies import PLAIN, instants, plain_orders, versions
from assessment_contracts.registry import CONTROL, Registry
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.wire import Answer

contract = Registry("pymetrics.reports", FACTS, CONTROL)

_LIFE = timedelta(hours=1)
YES = ("true", "True", "TRUE", "1", "yes", "on", "y")
NO = ("false", "False", "0", "no", "off", "")


def fetched(sandbox: Sandbox, url: str) -> Answer:
    """The response to a link, without key and token."""
    parts = urlsplit(url)
    return sandbox.call("GET", parts.path)


def check_pdf(answer: Answer) -> None:
    """Assert that this is a complete PDF file."""
    assert answer.status == 200, f"the report is answered {answer.status}: {answer.text[:200]}"
    assert answer.headers.get("content-type") == "application/pdf", answer.headers.get("content-type")
    assert answer.body.startswith(b"%PDF-1."), f"the report begins with {answer.body[:12]!r}"
    assert answer.body.rstrip().endswith(b"%%EOF"), f"the report ends with {answer.body[-12:]!r}"
    assert int(answer.headers["content-length"]) == len(answer.body)


@contract("order.report order.report.link v2.loose dates", accepts="get.report report.*", examples=0.7)
@given(yes=st.sampled_from(YES), no=st.sampled_from((None, *NO)), version=versions, other=versions, at=instants)
def made_when_asked(
    context: Context, yes: str, no: str | None, version: api.Version, other: api.Version, at: str
) -> None:
    """A completed order has a report once report=true was requested, and keeps it.

    Clients spell the value as their languages do. The report has the date of its creation and is not created twice.
    """
    sandbox = context.sandbox
    sandbox.freeze(at)
    sandbox.forget_token()
    id = completed(sandbox, PLAIN)["id"]
    plain = api.read(sandbox, id, other, **({} if no is None else {"report": no}))
    assert plain["reports"] is None, f"a report was created without a request (report={no})"
    sandbox.advance("PT1M")
    shown = api.read(sandbox, id, version, report=yes)
    TABLES.check(shown, "order")
    assert shown["reports"] is not None, f"report={yes} made no report"
    (report,) = shown["reports"]
    made = timestamps.six_decimals(timestamps.parsed(at) + timedelta(minutes=1))
    assert (report["create_date"], report["modify_date"]) == (made, made), f"made at {made}: {report}"
    assert report.get("report_type") == (None if version is api.V1 else "recruiter-report"), f"{version}: {report}"
    api.same({**shown, "reports": None}, plain)
    check_pdf(fetched(sandbox, report["download_url"]))
    sandbox.advance("PT1M")
    later = (api.read(sandbox, id, other), api.read(sandbox, id, version, report=yes), api.look(sandbox, shown, other))
    for look in later:
        TABLES.check(look, "order")
        assert look["reports"], "the report is gone"
        dates = {"create_date": made, "modify_date": made}
        api.same([{name: one[name] for name in dates} for one in look["reports"]], [dates], "the reports")
    typed = ["report_type" in look["reports"][0] for look in later]
    expected = [one is api.V2 for one in (other, version, other)]
    assert typed == expected, f"a report_type is in {typed} of the answers, not in {expected}"
    for look in later:
        assert look["reports"][0]["download_url"] != report["download_url"], "the link is an old one"


@contract("order.report.life order.report.link", refuses="report.lapsed", examples=0.5)
@given(at=instants, before=st.sampled_from((1, 1_000_000, 1_800_000_000)), version=versions, body=plain_orders)
def link_life(context: Context, at: str, before: int, version: api.Version, body: dict[str, object]) -> None:
    """A report's link works for an hour from the response that showed it, without headers.

    A presigned link expires; reading the order again returns a new one, and the old one stays invalid.
    """
    sandbox, rest = context.sandbox, timedelta(microseconds=before)
    sandbox.freeze(at)
    sandbox.forget_token()
    id = completed(sandbox, body)["id"]
    first = api.read(sandbox, id, version, report="true")["reports"][0]["download_url"]
    sandbox.advance(timestamps.duration(_LIFE - rest))
    check_pdf(fetched(sandbox, first))
    sandbox.forget_token()
    second = api.read(sandbox, id, version)["reports"][0]["download_url"]
    sandbox.advance(timestamps.duration(rest))
    refused = fetched(sandbox, first)
    assert refused.status == 403, f"an expired link returns {refused.status}"
    errors.envelope(refused)
    assert refused.rules == ("pymetrics.report.lapsed",)
    check_pdf(fetched(sandbox, second))


@contract("order.report.link", refuses="report.link", examples=0.35)
@given(
    name=st.sampled_from(("Ada", "李小龍", "🧪", "", "<b>&amp;</b>", "x" * 300)),
    scores=st.tuples(*[st.integers(0, 49)] * 2),
)
def of_its_order(context: Context, name: str, scores: tuple[int, int]) -> None:
    """A report is the same file at each download, and differs from those of other orders.

    It is a complete file whatever the names are. Parts of two links do not make a third.
    """
    sandbox, files, links = context.sandbox, [], []
    for score in (scores[0], 50 + scores[1]):
        body = {**PLAIN, "candidate": {**PLAIN["candidate"], "first_name": name}, "requisition_title": name}
        id = completed(sandbox, body, results=[{"score": score}])["id"]
        urls = [api.read(sandbox, id, report="true")["reports"][0]["download_url"] for _ in range(2)]
        two = [fetched(sandbox, url) for url in urls]
        for answer in two:
            check_pdf(answer)
        assert two[0].body == two[1].body, "the same report is two files"
        files.append(two[0].body)
        links.append(urls[0])
    assert files[0] != files[1], "two orders have the same report"
    for one in mixed(*links):
        assert fetched(sandbox, one).status == 403, f"a link put together of two opens a report: {one}"


def mixed(one: str, other: str) -> Iterator[str]:
    """The one link with, in turn, each part that the other has otherwise; parts have dots between them."""
    before, _, ticket = one.rpartition("/")
    parts, others = ticket.split("."), other.rpartition("/")[2].split(".")
    for at, (own, part) in enumerate(zip(parts, others, strict=True)):
        if part != own:
            yield f"{before}/{'.'.join([*parts[:at], part, *parts[at + 1 :]])}"


@contract(refuses="report.link")
def forged(context: Context) -> None:
    """A link with one character changed, whichever it is, opens nothing.

    Otherwise the link of one report could be turned into that of another.
    """
    before, _, ticket = link(context.sandbox).rpartition("/")
    for at, character in enumerate(ticket):
        other = "1" if character == "0" else "0"
        answer = context.sandbox.call("GET", f"{before}/{ticket[:at]}{other}{ticket[at + 1 :]}")
        check_refusal(answer, 403, {"pymetrics.report.link"}, f"another character {at}", is_simulator=True)


PROPERTIES = contract.properties
