"""The runner: what comes of contracts that pass, that fail, and that cannot be decided; and how that is reported."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from assessment_contracts.context import Context
from assessment_contracts.html import html
from assessment_contracts.inconclusive import OUT_OF_TIME
from assessment_contracts.property import Property, Unmatched, as_sure_as, select
from assessment_contracts.report import Report, described, shown
from assessment_contracts.runner import PROFILES, VENDOR, Outcome, Profile, Runner, Verdict
from assessment_contracts.sources import Fact, Standing, ours
from assessment_contracts.target import Target, Unaskable
from assessment_contracts.wire import Exchange
from tests.contracts import toys
from tests.contracts.scripts import replayed
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
    runner = Runner(target, PROFILES["default"], **more)  # type: ignore[arg-type]
    return [runner.run(property) for property in properties]


def reported(target: Target, outcomes: list[Outcome]) -> Report:
    return Report("Contracts of a toy", target.url, "2026-11-23T10:00:00+00:00", outcomes, 1.5, target.secrets)


@pytest.mark.parametrize(
    ("property", "drawn"),
    [(toys.right, None), (toys.telling, None), (toys.wrong, "application='aaa'"), (toys.machine, "state.create()")],
    ids=["holds", "webhook reaches the listener", "smallest example", "steps of a state machine"],
)
def test_what_comes_of_a_contract(target: Target, property: Property, drawn: str | None) -> None:
    (outcome,) = asked(target, property)
    assert (outcome.verdict, outcome.failure is None) == (
        (Verdict.PASSED, True) if drawn is None else (Verdict.FAILED, False)
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
def test_a_costly_contract_has_a_share_of_the_examples_unless_the_profile_sets_the_number_of_each(
    profile: Profile, factor: float, examples: int
) -> None:
    assert profile.of(replace(toys.right, examples=factor)) == examples


def test_a_seed_draws_the_same_examples_in_each_run(target: Target) -> None:
    def drawn(profile: Profile, seed: int | None) -> list[tuple[str, Any]]:
        seen: list[tuple[str, Any]] = []

        def note(contract: str, exchange: Exchange) -> None:
            order = json.loads(exchange.body) if exchange.path == "/mercury/order" else {}
            seen.append((exchange.method, order.get("application_id")))

        Runner(target, profile, seed=seed, observe=note).run(toys.right)
        return seen

    random = Profile("random", 12, fixed=False)
    assert drawn(random, 1) == drawn(random, 1) == drawn(PROFILES["default"], 1)
    assert drawn(PROFILES["default"], None) == drawn(PROFILES["default"], None) != drawn(random, 2)


def test_the_nightly_profile_begins_with_the_examples_that_failed_the_night_before(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    nightly = Runner(target, PROFILES["nightly"])
    first, again = (nightly.run(toys.wrong) for _ in range(2))
    assert first.failure is not None
    assert again.failure is not None
    assert first.failure.drawn == again.failure.drawn
    assert again.examples < first.examples
    assert (tmp_path / ".hypothesis" / "assessment-contracts" / toys.wrong.id).is_dir()


def test_the_script_of_a_failure_shows_it_again_with_its_setup_however_often_it_is_run(target: Target) -> None:
    (outcome,) = asked(target, toys.wrong)
    script = shown(outcome, reported(target, [outcome]))
    assert script.index('"$BASE"/_simulator/sandboxes') < script.index('"$BASE"/mercury/oauth/token')
    for _ in range(2):
        replayed(script)
    assert '"application_id":"aaa"' in replayed(script).rpartition("HTTP/1.1")[2], script


def test_a_script_includes_what_was_created_once_for_all_examples_and_shows_a_wrong_token_as_it_was_sent(
    target: Target,
) -> None:
    (outcome,) = asked(target, toys.remembering)
    script = shown(outcome, reported(target, [outcome]))
    setup, _, example = script.partition("# The example:")
    assert '"$BASE"/mercury/order' in setup
    assert "Authorization: Bearer not-a-token" in example
    assert "ID_3_1" in example
    replayed(script)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, ["pymetrics.toy.right", "pi.toy.observed"]),
        ({"only": ["pi.*", "*.right"]}, ["pymetrics.toy.right", "pi.toy.observed"]),
        ({"only": ["*.toy.*"], "exclude": ["pi.*"]}, ["pymetrics.toy.right"]),
        ({"standing": Standing.DOCUMENTED}, ["pymetrics.toy.right"]),
    ],
)
def test_contracts_are_selected_by_id_and_standing(options: dict[str, Any], found: list[str]) -> None:
    assert [property.id for property in select((toys.right, toys.observed), **options)] == found


@pytest.mark.parametrize("option", ["only", "exclude"])
def test_a_pattern_without_a_match_is_refused(option: str) -> None:
    with pytest.raises(Unmatched, match=r"no contract has an id like 'pi\.x'"):
        select((toys.right, toys.observed), **{option: ["pi.toy.*", "pi.x"]})  # type: ignore[arg-type]


def test_a_contract_is_not_run_if_the_target_lacks_what_it_needs(at: At) -> None:
    keys = {"PYMETRICS_CLIENT_ID": "sim-account", "PYMETRICS_CLIENT_SECRET": "x", "PYMETRICS_API_KEY": "sim-account"}
    both = Runner(at(keys | {"PI_API_KEY": "sim-account"}), VENDOR, host=None)
    assert [both.run(property).reason for property in (toys.mailing, toys.telling, toys.right)] == [
        "needs leave to send e-mail (--allow-email)",
        "needs the control API; needs a listener that the server can reach",
        "",
    ]
    one = Runner(at({"PI_API_KEY": "sim-account"}), VENDOR, host=None)
    outcomes = [one.run(property) for property in (toys.right, toys.observed)]
    assert [(outcome.verdict, outcome.reason) for outcome in outcomes] == [
        (Verdict.NOT_RUN, "no credentials for this vendor"),
        (Verdict.PASSED, ""),
    ]


def test_a_failure_that_does_not_come_again_is_shown_all_the_same(target: Target) -> None:
    (outcome,) = asked(target, toys.moody)
    assert outcome.verdict is Verdict.FAILED
    assert outcome.failure is not None
    assert str(outcome.failure.problem).startswith("in a mood")


def test_a_failure_is_made_smaller_for_a_limited_time_only(target: Target) -> None:
    began = time.monotonic()
    (outcome,) = asked(target, toys.slow, shrinking=0.5)
    assert outcome.verdict is Verdict.FAILED
    assert time.monotonic() - began < 3


def test_contracts_are_inconclusive_after_the_budget(at: At) -> None:
    target = at(deadline=time.monotonic() - 1)
    outcomes = asked(target, toys.right, toys.wrong)
    assert [(outcome.verdict, outcome.reason) for outcome in outcomes] == [(Verdict.INCONCLUSIVE, OUT_OF_TIME)] * 2
    assert reported(target, outcomes).status == 2


def test_the_exit_status_is_that_of_the_whole_run(target: Target) -> None:
    for properties, status in (((toys.right,), 0), ((toys.right, toys.wrong), 1), ((), 2)):
        assert reported(target, asked(target, *properties)).status == status


def test_sandboxes_are_forgotten_when_their_property_is_over(target: Target) -> None:
    def ours() -> set[str]:
        listed = target.connection.request("GET", "/_simulator/sandboxes", {}).json
        return {sandbox["name"] for sandbox in listed if sandbox["name"].startswith("check-")}

    before = ours()
    asked(target, toys.right, toys.wrong, toys.machine, toys.telling)
    assert ours() == before


def test_the_page_escapes_what_it_shows(target: Target) -> None:
    page = html(reported(target, asked(target, toys.right, toys.wrong)))
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
    outcome = Outcome(replace(toys.mailing, standing=Standing.THIRD_PARTY), Verdict.FAILED)
    report = Report("t", "http://x", "2026-01-01", (outcome,), 0.0)
    for text in (described(outcome, report), html(report)):
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
    outcome = Runner(vendor, PROFILES["default"], host=None).run(toys.wrong)
    report = reported(vendor, [outcome])
    for text in (described(outcome, report), html(report)):
        assert "$PYMETRICS_API_KEY" in text
        assert not any(secret in text for secret in ("sim-hush", "shush"))


@pytest.mark.parametrize(
    ("url", "reason"), [("http://127.0.0.1:9", "no answer from"), ("{}/api", "it is no simulator")]
)
def test_a_target_that_cannot_be_used_is_refused_with_the_reason(server: Server, url: str, reason: str) -> None:
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
