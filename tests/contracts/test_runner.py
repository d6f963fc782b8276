"""The runner: what it makes of properties that hold, that do not, and that cannot be asked."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from xml.etree import ElementTree as ET

import httpx2
import pytest

from assessment_contracts.context import Context
from assessment_contracts.html import html
from assessment_contracts.inconclusive import OUT_OF_TIME
from assessment_contracts.junit import junit
from assessment_contracts.property import Property, as_sure_as
from assessment_contracts.report import Report, shown, told
from assessment_contracts.runner import PROFILES, VENDOR, Outcome, Profile, Runner, Verdict
from assessment_contracts.sources import Fact, Standing, ours
from assessment_contracts.target import Target, Unaskable
from tests.contracts import toys
from tests.servers import Server

At = Callable[..., Target]


@pytest.fixture
def at(server: Server) -> Iterator[At]:
    """Makes targets of this session's simulator, and lets their connections go."""
    with ExitStack() as stack:
        yield lambda *keys, **more: stack.enter_context(closing(Target(server.url, *keys, **more)))


@pytest.fixture
def target(at: At) -> Target:
    """The simulator of this test session."""
    return at()


def asked(target: Target, *properties: Property, **more: object) -> list[Outcome]:
    return Runner(target, PROFILES["default"], **more).run(properties)  # type: ignore[arg-type]


def reported(target: Target, outcomes: list[Outcome]) -> Report:
    return Report("Contracts of a toy", target.url, "2026-11-23T10:00:00+00:00", outcomes, 1.5, target.secrets)


@pytest.mark.parametrize(
    ("property", "drawn"),
    [(toys.right, None), (toys.telling, None), (toys.wrong, "application='aaa'"), (toys.machine, "state.create()")],
    ids=["holds", "webhook reaches the listener", "smallest example", "steps of a state machine"],
)
def test_what_becomes_of_a_property(target: Target, property: Property, drawn: str | None) -> None:
    (outcome,) = asked(target, property)
    assert (outcome.verdict, outcome.failure is None) == (
        (Verdict.HELD, True) if drawn is None else (Verdict.BROKEN, False)
    )
    if drawn is None:
        assert outcome.examples == (PROFILES["default"].examples if property is toys.right else 1)
    else:
        assert outcome.failure is not None
        assert outcome.failure.drawn.count(drawn) == (3 if property is toys.machine else 1)


@pytest.mark.parametrize(
    ("profile", "factor", "examples"),
    [
        (PROFILES["default"], 1.0, 12),
        (PROFILES["default"], 0.5, 6),
        (PROFILES["default"], 0.01, 1),
        (PROFILES["default"], 3.0, 36),
        (PROFILES["long"], 0.05, 10_000),
        (PROFILES["long"], 3.0, 30_000),
        (Profile("given", 7, shares=False), 0.5, 7),
    ],
)
def test_a_costly_property_has_a_share_of_the_examples_but_where_so_many_of_each_are_meant(
    profile: Profile, factor: float, examples: int
) -> None:
    assert profile.of(replace(toys.right, examples=factor)) == examples


def test_the_script_of_a_failure_shows_it_again(target: Target) -> None:
    (outcome,) = asked(target, toys.wrong)
    report = reported(target, [outcome])
    script = shown(outcome, report)
    run = subprocess.run(["sh"], input=script, capture_output=True, text=True, timeout=30, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("HTTP/1.1 20") == 2
    assert '"application_id":"aaa"' in run.stdout.rpartition("HTTP/1.1")[2], script


def test_what_a_target_lacks_is_not_asked_and_the_reason_is_given(at: At) -> None:
    keys = {"PYMETRICS_CLIENT_ID": "sim-account", "PYMETRICS_CLIENT_SECRET": "x", "PYMETRICS_API_KEY": "sim-account"}
    both = Runner(at(keys | {"PI_API_KEY": "sim-account"}), VENDOR, host=None)
    assert [outcome.reason for outcome in both.run([toys.mailing, toys.telling, toys.right])] == [
        "needs leave to send e-mail (--allow-email)",
        "needs the control API; needs a listener that the server can reach",
        "",
    ]
    one = Runner(at({"PI_API_KEY": "sim-account"}), VENDOR, host=None)
    assert [(outcome.verdict, outcome.reason) for outcome in one.run([toys.right, toys.observed])] == [
        (Verdict.NOT_ASKED, "no credentials for this vendor"),
        (Verdict.HELD, ""),
    ]


def test_a_vendor_is_asked_no_faster_than_the_rate(at: At) -> None:
    vendor = at({"PI_API_KEY": "sim-account"}, rate=20)
    began = time.monotonic()
    Runner(vendor, VENDOR, host=None).run([toys.observed] * 5)
    assert time.monotonic() - began >= 4 / 20


def test_fail_fast_stops_at_the_first_failure(target: Target) -> None:
    verdicts = [outcome.verdict for outcome in asked(target, toys.right, toys.wrong, toys.right, fail_fast=True)]
    assert verdicts == [Verdict.HELD, Verdict.BROKEN]


def test_a_failure_that_does_not_come_again_is_shown_all_the_same(target: Target) -> None:
    (outcome,) = asked(target, toys.moody)
    assert outcome.verdict is Verdict.BROKEN
    assert outcome.failure is not None
    assert str(outcome.failure.problem).startswith("in a mood")


def test_a_failure_is_made_smaller_for_a_limited_time_only(target: Target) -> None:
    began = time.monotonic()
    (outcome,) = asked(target, toys.slow, shrinking=0.5)
    assert outcome.verdict is Verdict.BROKEN
    assert time.monotonic() - began < 3


def test_when_the_budget_is_used_up_the_rest_is_not_asked(at: At) -> None:
    target = at(deadline=time.monotonic() - 1)
    outcomes = asked(target, toys.right, toys.wrong)
    assert [outcome.reason for outcome in outcomes] == [OUT_OF_TIME, OUT_OF_TIME]
    assert reported(target, outcomes).status == 2


def test_the_status_tells_the_whole_run(target: Target) -> None:
    for properties, status in (((toys.right,), 0), ((toys.right, toys.wrong), 1), ((), 2)):
        assert reported(target, asked(target, *properties)).status == status


def test_sandboxes_are_forgotten_when_their_property_is_over(target: Target) -> None:
    def ours() -> set[str]:
        listed = target.connection.request("GET", "/_simulator/sandboxes", {}).json
        return {sandbox["name"] for sandbox in listed if sandbox["name"].startswith("check-")}

    before = ours()
    asked(target, toys.right, toys.wrong, toys.machine, toys.telling)
    assert ours() == before


def test_reports_have_a_case_for_each_property_and_escape_what_they_show(target: Target) -> None:
    report = reported(target, asked(target, toys.right, toys.wrong))
    suite = ET.fromstring(junit(report))[0]  # noqa: S314  our own words
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("2", "1", "0")
    cases = {case.get("name"): case for case in suite}
    failure = cases["pymetrics.toy.wrong"].find("failure")
    assert failure is not None
    assert failure.text
    assert "curl" in failure.text
    assert "BASE=${BASE:-" in failure.text
    page = html(report)
    assert "&lt;b&gt;three &amp; more&lt;/b&gt;" in page
    assert not any(word in page for word in ("<b>", "<script", "<link", "src=", "@import", "url("))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('{"access_token":"abc.def","token_type":"Bearer"}', '{"access_token":"***","token_type":"Bearer"}'),
        ("it is {'access_token': 'abc', 'n': 1}", "it is {'access_token': '***', 'n': 1}"),
        ('"access_token" is missing', '"access_token" is missing'),
    ],
)
def test_no_report_shows_a_token(said: str, shown: str) -> None:
    assert Report("t", "http://x", "2026-01-01", (), 0.0).masked(said) == shown


def test_a_failure_is_shown_with_the_standing_of_what_did_not_hold() -> None:
    outcome = Outcome(replace(toys.mailing, standing=Standing.THIRD_PARTY), Verdict.BROKEN)
    report = Report("t", "http://x", "2026-01-01", (outcome,), 0.0)
    for text in (told(outcome, report), junit(report).decode(), html(report)):
        assert "third_party" in text


def test_a_contract_is_as_sure_as_the_least_sure_part_of_what_it_shows() -> None:
    demand = Fact("pi.a", Standing.DOCUMENTED, ours("a page"), status=Standing.THIRD_PARTY)
    facts = (
        demand,
        Fact("pi.b", Standing.OBSERVED, ours("a sample")),
        replace(demand, id="pi.c", body=Standing.ASSUMED),
    )
    properties = [
        replace(toys.right, promises=("pi.a",)),
        replace(toys.right, broken=("pi.a",)),
        replace(toys.right, broken=("pi.a",), promises=("pi.b",)),
        replace(toys.right, broken=("pi.c",)),
    ]
    words = [standing.value for standing in Standing]
    assert [property.standing.value for property in as_sure_as(facts, properties)] == words


def test_no_report_shows_a_credential(at: At) -> None:
    keys = {"PYMETRICS_CLIENT_ID": "sim-hush", "PYMETRICS_CLIENT_SECRET": "shush", "PYMETRICS_API_KEY": "sim-hush"}
    vendor = at(keys)
    outcomes = Runner(vendor, PROFILES["default"], host=None).run([toys.wrong])
    report = reported(vendor, outcomes)
    for text in (told(outcomes[0], report), junit(report).decode(), html(report)):
        assert "aaa" in text
        assert not any(secret in text for secret in ("sim-hush", "shush"))


@pytest.mark.parametrize(
    ("url", "reason"), [("http://127.0.0.1:9", "nobody answers"), ("{}/api", "it is no simulator")]
)
def test_a_target_that_cannot_be_asked_says_why(server: Server, url: str, reason: str) -> None:
    with closing(Target(url.format(server.url))) as target, pytest.raises(Unaskable, match=reason):
        target.probe()
    with pytest.raises(Unaskable, match="PYMETRICS_API_KEY is not"):
        Target.from_environment("http://x", {"PYMETRICS_CLIENT_ID": "a", "PYMETRICS_CLIENT_SECRET": "b"})


def test_a_webhook_that_comes_when_its_example_is_over_is_not_the_next_ones(target: Target) -> None:
    context = Context(target)
    with context.listener:
        context.begin()
        over = context.listener.url
        assert httpx2.post(f"{over}?soon", trust_env=False).status_code == 200
        assert [caught.path for caught in context.listener.wait_for(1)] == ["/webhook?soon"]
        context.listener.answers = [500]
        context.begin()
        assert httpx2.post(f"{context.listener.url}?first", trust_env=False).status_code == 200
        context.listener.answers = [503, 200]
        assert httpx2.post(f"{over}?late", trust_env=False).status_code == 200
        assert httpx2.post(f"{context.listener.url}?again", trust_env=False).status_code == 503
        assert [caught.path for caught in context.listener.received] == ["/webhook?first", "/webhook?again"]
