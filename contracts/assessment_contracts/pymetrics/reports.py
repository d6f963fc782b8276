"""Reports: made when asked for, shown with a link that lapses, and handed to whoever holds the link."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.property import Need, Property, contract, given
from assessment_contracts.pymetrics import api, shapes
from assessment_contracts.pymetrics.results import completed
from assessment_contracts.pymetrics.strategies import PLAIN, instants, plain_orders, versions
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.sources import Standing
from assessment_contracts.wire import Answer

_CONTROL = {Need.CONTROL}
_LINK_RULES = ("pymetrics.report.link", "pymetrics.report.lapsed")
_LIFE = timedelta(hours=1)
YES = ("true", "True", "TRUE", "1", "yes", "on", "y")
NO = ("false", "False", "0", "no", "off", "")


def fetched(sandbox: Sandbox, url: str) -> Answer:
    """What is behind a link; neither key nor token is shown."""
    parts = urlsplit(url)
    return sandbox.call("GET", parts.path)


def is_pdf(answer: Answer) -> None:
    """A whole PDF file."""
    assert answer.status == 200, f"the report is answered {answer.status}: {answer.text[:200]}"
    assert answer.headers.get("content-type") == "application/pdf", answer.headers.get("content-type")
    assert answer.body.startswith(b"%PDF-1."), f"the report begins with {answer.body[:12]!r}"
    assert answer.body.rstrip().endswith(b"%%EOF"), f"the report ends with {answer.body[-12:]!r}"
    assert int(answer.headers["content-length"]) == len(answer.body)


@contract(
    "pymetrics.reports.made_when_asked",
    "A finished order has a report once report=true was asked for, not before, and keeps it",
    kept=("pymetrics.get.report", *_LINK_RULES),
    promises=("pymetrics.order.report", "pymetrics.order.report.link", "pymetrics.v2.loose", "pymetrics.dates"),
    needs=_CONTROL,
    examples=0.7,
)
@given(yes=st.sampled_from(YES), no=st.sampled_from((None, *NO)), version=versions, other=versions, at=instants)
def made_when_asked(
    context: Context, yes: str, no: str | None, version: api.Version, other: api.Version, at: str
) -> None:
    """The clients spell the word as their languages do. The report is dated when it was made and not made twice."""
    sandbox = context.sandbox
    sandbox.freeze(at)
    sandbox.forget_token()
    id = completed(sandbox, PLAIN)["id"]
    plain = api.read(sandbox, id, other, **({} if no is None else {"report": no}))
    assert plain["reports"] is None, f"a report is there that nobody asked for (report={no})"
    sandbox.advance("PT1M")
    shown = api.read(sandbox, id, version, report=yes)
    shapes.ORDER(shown, "the order")
    assert shown["reports"] is not None, f"report={yes} made no report"
    (report,) = shown["reports"]
    made = shapes.written(shapes.moment(at) + timedelta(minutes=1))
    assert (report["create_date"], report["modify_date"]) == (made, made), f"made at {made}: {report}"
    assert report.get("report_type") == (None if version is api.V1 else "recruiter-report"), f"{version}: {report}"
    api.same({**shown, "reports": None}, plain)
    is_pdf(fetched(sandbox, report["download_url"]))
    sandbox.advance("PT1M")
    later = (api.read(sandbox, id, other), api.read(sandbox, id, version, report=yes), api.look(sandbox, shown, other))
    for look in later:
        shapes.ORDER(look, "the order")
        assert look["reports"], "the report is gone"
        dates = {"create_date": made, "modify_date": made}
        api.same([{name: one[name] for name in dates} for one in look["reports"]], [dates], "the reports")
    typed = ["report_type" in look["reports"][0] for look in later]
    expected = [one is api.V2 for one in (other, version, other)]
    assert typed == expected, f"a report_type is in {typed} of the answers, not in {expected}"
    for look in later:
        assert look["reports"][0]["download_url"] != report["download_url"], "the link is an old one"


@contract(
    "pymetrics.reports.early",
    "report=true before completion is answered 200 without a report, and makes none for later",
    kept=("pymetrics.get.report",),
    promises=("pymetrics.order.report.early",),
    standing=Standing.ASSUMED,
    needs=_CONTROL,
    examples=0.5,
)
@given(action=st.sampled_from((None, "start", "accept", "reject", "expire")), version=versions)
def early(context: Context, action: str | None, version: api.Version) -> None:
    """Get lists no 400, so there is nothing to refuse it with."""
    sandbox = context.sandbox
    made = api.order(sandbox, api.own(sandbox, PLAIN))
    if action:
        sandbox.act(made["id"], action)
    shown = api.read(sandbox, made["id"], version, report="true")
    assert shown["reports"] is None, "an unfinished order has a report"
    if action not in ("reject", "expire"):
        sandbox.act(made["id"], "complete")
        assert api.read(sandbox, made["id"], version)["reports"] is None, "the early question made a report"


@contract(
    "pymetrics.reports.link_life",
    "A link answers for an hour from the answer that showed it, without headers, and then no more",
    kept=_LINK_RULES,
    broken=("pymetrics.report.lapsed",),
    promises=("pymetrics.order.report.life", "pymetrics.order.report.link"),
    standing=Standing.ASSUMED,
    needs=_CONTROL,
    examples=0.5,
)
@given(at=instants, before=st.sampled_from((1, 1_000_000, 1_800_000_000)), version=versions, body=plain_orders)
def link_life(context: Context, at: str, before: int, version: api.Version, body: dict[str, object]) -> None:
    """A presigned link lapses; reading the order again gives one that lives, while the old one stays dead."""
    sandbox, rest = context.sandbox, timedelta(microseconds=before)
    sandbox.freeze(at)
    sandbox.forget_token()
    id = completed(sandbox, body)["id"]
    first = api.read(sandbox, id, version, report="true")["reports"][0]["download_url"]
    sandbox.advance(shapes.duration(_LIFE - rest))
    is_pdf(fetched(sandbox, first))
    sandbox.forget_token()
    second = api.read(sandbox, id, version)["reports"][0]["download_url"]
    sandbox.advance(shapes.duration(rest))
    refused = fetched(sandbox, first)
    assert refused.status == 403, f"a lapsed link is answered {refused.status}"
    shapes.refusal(refused)
    assert refused.rules == ("pymetrics.report.lapsed",)
    is_pdf(fetched(sandbox, second))


@contract(
    "pymetrics.reports.of_its_order",
    "A report is the same file at each look, and another order's is another",
    kept=_LINK_RULES,
    broken=("pymetrics.report.link",),
    promises=("pymetrics.order.report.link",),
    standing=Standing.ASSUMED,
    needs=_CONTROL,
    examples=0.35,
)
@given(
    name=st.sampled_from(("Ada", "李小龍", "🧪", "", "<b>&amp;</b>", "x" * 300)),
    scores=st.tuples(*[st.integers(0, 49)] * 2),
)
def of_its_order(context: Context, name: str, scores: tuple[int, int]) -> None:
    """A recruiter reads in it what the API says of this candidate; whatever the names are, it is a whole file.

    Of two links no third can be made: that would open what nobody was shown.
    """
    sandbox, files, links = context.sandbox, [], []
    for score in (scores[0], 50 + scores[1]):
        body = {**PLAIN, "candidate": {**PLAIN["candidate"], "first_name": name}, "requisition_title": name}
        id = completed(sandbox, body, results=[{"score": score}])["id"]
        urls = [api.read(sandbox, id, report="true")["reports"][0]["download_url"] for _ in range(2)]
        two = [fetched(sandbox, url) for url in urls]
        for answer in two:
            is_pdf(answer)
        assert two[0].body == two[1].body, "the same report is two files"
        files.append(two[0].body)
        links.append(urls[0])
    assert files[0] != files[1], "two orders have the same report"
    for link in mixed(*links):
        assert fetched(sandbox, link).status == 403, f"a link put together of two opens a report: {link}"


def mixed(one: str, other: str) -> Iterator[str]:
    """The one link with, in turn, each part that the other has otherwise; parts have dots between them."""
    before, _, ticket = one.rpartition("/")
    parts, others = ticket.split("."), other.rpartition("/")[2].split(".")
    if len(parts) == len(others):
        for at, part in enumerate(others):
            if part != parts[at]:
                yield f"{before}/{'.'.join([*parts[:at], part, *parts[at + 1 :]])}"


PROPERTIES: tuple[Property, ...] = (made_when_asked, early, link_life, of_its_order)
