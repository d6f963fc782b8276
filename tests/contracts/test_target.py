"""A vendor as a target, played by a proxy over real sockets: what is created is removed or listed, and time is kept."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from assessment_contracts import cli
from assessment_contracts.inconclusive import OUT_OF_TIME, Inconclusive
from assessment_contracts.kit import Connection, Listener, Reply
from assessment_contracts.kit.client import address
from assessment_contracts.ledger import Ledger, LedgerError
from assessment_contracts.predictive_index import calls
from assessment_contracts.pymetrics import api
from assessment_contracts.pymetrics.strategies import PLAIN
from assessment_contracts.sandbox import ASSESSMENTS_PATH, Sandbox
from assessment_contracts.target import GRACE, KEYS, Target, Unaskable
from tests.contracts.vendor_proxy import Call, VendorProxy, relay
from tests.servers import Server

_ACCOUNTS = count(1)
_CREDENTIALS = {name: "sim-vendor" for names in KEYS.values() for name in names}
PERSON = {"firstName": "Sam", "lastName": "Flynn", "email": "sam@example.com"}


class Vendor:
    """A proxy, an account of the simulator behind it, and the target that they make."""

    def __init__(self, proxy: VendorProxy, **more: object) -> None:
        self.proxy, self.account = proxy, f"vendor-{next(_ACCOUNTS)}"
        keys = {name: f"sim-{self.account}" for names in KEYS.values() for name in names}
        self.target = Target(proxy.url, keys, **more)  # type: ignore[arg-type]
        self.target.ledger.url = self.target.url
        self.sandbox = self.target.open()

    @property
    def exists(self) -> int:
        """How many invitations there are."""
        return len(self.control("/invitations"))

    def control(self, path: str) -> Any:
        """What the simulator's control API says of the account."""
        with closing(Connection(self.proxy.simulator)) as connection:
            return connection.request("GET", f"/_simulator/sandboxes/{self.account}{path}").json

    @property
    def listed(self) -> list[str]:
        """What the ledger says."""
        return [str(creation) for creation in self.target.ledger.entries]


Make = Callable[..., Vendor]


@pytest.fixture
def make(server: Server) -> Iterator[Make]:
    """Makes accounts at a vendor that behaves well."""
    with ExitStack() as stack:
        proxy = stack.enter_context(VendorProxy(server.url))

        def made(**more: object) -> Vendor:
            vendor = Vendor(proxy, **more)
            stack.callback(vendor.target.connection.close)
            return vendor

        yield made


@pytest.fixture
def vendor(make: Make) -> Vendor:
    """One of them."""
    return make(patience=0.5)


def create(sandbox: Sandbox) -> None:
    """Create an assessment, whatever the answer is."""
    with suppress(Inconclusive):
        calls.create(sandbox, PERSON)


def on_creation(behave: Callable[[Call], None]) -> Callable[[Call], None]:
    """Behave so when something is created, and well otherwise."""
    return lambda call: behave(call) if call.creates else relay(call)


def commit_then(do: Callable[[Call], None]) -> Callable[[Call], None]:
    """Create first, and then answer so."""

    def behave(call: Call) -> None:
        call.forward()
        do(call)

    return on_creation(behave)


@pytest.mark.parametrize(
    ("behave", "listed"),
    [
        pytest.param(relay, None, id="201"),
        pytest.param(on_creation(lambda call: call.relay(200)), None, id="200"),
        pytest.param(on_creation(lambda call: call.relay(204)), "it was answered 204", id="204"),
        pytest.param(commit_then(lambda call: call.send(201, b"<html>")), "it was answered 201", id="201 in HTML"),
        pytest.param(commit_then(lambda call: call.send(504)), "it was answered 504", id="504"),
        pytest.param(commit_then(lambda call: call.send(408)), "it was answered 408", id="408"),
        pytest.param(commit_then(Call.cut), "no answer came", id="cut after the commit"),
        pytest.param(commit_then(lambda call: call.wait(2)), "no answer came", id="no answer in time"),
        pytest.param(on_creation(lambda call: call.trickle(call.forward())), "no answer came", id="trickle"),
    ],
)
def test_what_a_vendor_created_is_removed_or_listed(
    vendor: Vendor, behave: Callable[[Call], None], listed: str | None
) -> None:
    vendor.proxy.behave = behave
    create(vendor.sandbox)
    assert vendor.exists == 1
    vendor.target.forget(vendor.sandbox)
    vendor.target.close()
    assert vendor.exists == (0 if listed is None else 1)
    if listed is None:
        assert vendor.listed == []
    else:
        [line] = vendor.listed
        assert line.startswith(f"unknown: POST {ASSESSMENTS_PATH} at 20")
        assert line.endswith(listed)
        assert "(email 'sam@example.com', firstName 'Sam', lastName 'Flynn')" in line


def test_what_a_vendor_refused_is_not_listed(vendor: Vendor) -> None:
    assert calls.create(vendor.sandbox, {}).status == 400
    assert vendor.sandbox.call("PUT", ASSESSMENTS_PATH, auth="predictive_index").status == 405
    assert vendor.listed == []


def test_an_assessment_that_the_vendor_had_before_is_not_removed(vendor: Vendor, make: Make) -> None:
    other = calls.made(make().sandbox, PERSON)
    shown = json.dumps(other | {"email": "a.real.person@example.org"}).encode()
    vendor.proxy.behave = on_creation(lambda call: call.send(200, shown))
    create(vendor.sandbox)
    vendor.target.close()
    assert [call.method for call in vendor.proxy.calls] == ["POST", "POST"]
    assert other["assessmentId"] in vendor.listed[0]


@pytest.mark.parametrize("id", ["", "../../everything", None, ["x"], "a b"], ids=repr)
def test_an_id_that_is_none_is_not_deleted(vendor: Vendor, id: object) -> None:
    vendor.proxy.behave = on_creation(lambda call: call.send(201, json.dumps({"assessmentId": id}).encode()))
    create(vendor.sandbox)
    vendor.target.close()
    assert [call.method for call in vendor.proxy.calls] == ["POST"]
    assert len(vendor.listed) == 1


def test_orders_cannot_be_removed_and_are_listed_once(vendor: Vendor) -> None:
    body = api.own(vendor.sandbox, PLAIN)
    id = api.order(vendor.sandbox, body)["id"]
    assert api.ask(vendor.sandbox, body).status == 200
    vendor.target.close()
    [line] = vendor.listed
    assert line.startswith(f"{id}: created by POST /mercury/order at ")
    assert line.endswith("it cannot be removed")


def test_what_could_not_be_removed_is_tried_again_at_the_end(vendor: Vendor) -> None:
    create(vendor.sandbox)
    vendor.proxy.behave = lambda call: call.send(500)
    vendor.target.forget(vendor.sandbox)
    assert vendor.listed[0].endswith("its removal was answered 500")
    vendor.proxy.behave = relay
    vendor.target.close()
    assert (vendor.exists, vendor.listed) == (0, [])


def test_after_a_crash_of_the_vendor_what_exists_is_listed_at_once(vendor: Vendor) -> None:
    for _ in range(5):
        create(vendor.sandbox)
    vendor.proxy.crash()
    began = time.monotonic()
    with pytest.raises(Inconclusive, match=r"the vendor is not available: GET .* got no answer"):
        vendor.sandbox.list_assessments()
    vendor.target.forget(vendor.sandbox)
    vendor.target.close()
    assert time.monotonic() - began < 2
    assert len(vendor.listed) == vendor.exists == 5


def test_the_ledger_is_in_a_file_until_it_is_empty_and_another_run_takes_it_over(
    vendor: Vendor, tmp_path: Path
) -> None:
    path = tmp_path / "ledger.json"
    vendor.target.ledger.path = path
    files: list[list[str]] = []

    def note(call: Call) -> None:
        if call.creates:
            files.append([row["state"] for row in json.loads(path.read_text())["creations"]])
        call.relay()

    vendor.proxy.behave = note
    create(vendor.sandbox)
    create(vendor.sandbox)
    assert files == [["no answer came"], ["it was not removed", "no answer came"]]
    # As if the process had been killed here.
    vendor.target.ledger = Ledger(vendor.target.url, path)
    vendor.target.ledger.load()
    vendor.target.close()
    assert (vendor.exists, path.exists(), [*tmp_path.iterdir()]) == (0, False, [])


@pytest.mark.parametrize("text", ["", "[]", '{"target": "x"}', '{"target": "x", "creations": [{}]}'])
def test_a_file_that_is_no_ledger_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ledger.json"
    path.write_text(text)
    with pytest.raises(LedgerError, match="is not a list of creations"):
        Ledger("x", path).load()
    path.write_text('{"target": "http://other", "creations": []}')
    with pytest.raises(LedgerError, match="lists creations at http://other, not at x"):
        Ledger("x", path).load()


def test_no_more_is_created_than_is_allowed(vendor: Vendor) -> None:
    vendor.target.ledger.limit = 2
    create(vendor.sandbox)
    create(vendor.sandbox)
    with pytest.raises(Inconclusive, match="no more than 2 creations are allowed"):
        calls.create(vendor.sandbox, PERSON)
    vendor.target.close()
    assert vendor.exists == 0


# Time.


@pytest.mark.parametrize(
    "behave",
    [lambda call: call.trickle(call.forward()), lambda call: call.wait(5)],
    ids=["trickle", "silence"],
)
def test_no_response_exceeds_the_deadline_and_it_is_no_failure(make: Make, behave: Callable[[Call], None]) -> None:
    vendor = make(deadline=time.monotonic() + 0.4)
    vendor.proxy.behave = behave
    began = time.monotonic()
    with pytest.raises(Inconclusive, match=OUT_OF_TIME):
        vendor.sandbox.list_assessments()
    assert time.monotonic() - began < 1


def test_a_vendor_that_is_slower_than_the_patience_is_not_available(vendor: Vendor) -> None:
    vendor.proxy.behave = lambda call: call.wait(3)
    with pytest.raises(Inconclusive, match="the vendor is not available"):
        vendor.sandbox.list_assessments()


def test_time_is_left_for_removing_what_exists(make: Make) -> None:
    vendor = make(deadline=time.monotonic() + 2, rate=10)
    with suppress(Inconclusive):
        while True:
            calls.create(vendor.sandbox, PERSON)
    vendor.target.forget(vendor.sandbox)
    assert time.monotonic() <= vendor.target.deadline + GRACE
    assert sum(1 for call in vendor.proxy.calls if call.creates) > 2
    assert (vendor.exists, vendor.listed) == (0, [])


@pytest.mark.parametrize(("interrupts", "left"), [(1, 0), (2, 1)])
def test_after_an_interrupt_what_exists_is_removed_and_after_two_it_is_listed(
    vendor: Vendor, interrupts: int, left: int
) -> None:
    calls.made(vendor.sandbox, PERSON)
    for _ in range(interrupts):
        vendor.target.interrupt()
    with pytest.raises(Inconclusive, match=OUT_OF_TIME):
        vendor.sandbox.list_assessments()
    vendor.target.forget(vendor.sandbox)
    vendor.target.close()
    assert len(vendor.listed) == vendor.exists == left


def test_one_slow_answer_does_not_end_the_run(make: Make) -> None:
    vendor = make(deadline=time.monotonic() + 30)
    calls.made(vendor.sandbox, PERSON)
    vendor.target.finish_request(25)
    with pytest.raises(Inconclusive, match=OUT_OF_TIME):
        vendor.sandbox.list_assessments()
    for _ in range(40):
        vendor.target.finish_request(0.01)
    assert vendor.sandbox.list_assessments().status == 200
    vendor.target.close()


def test_a_vendor_is_called_no_faster_than_the_rate(make: Make) -> None:
    vendor = make(rate=20)
    began = time.monotonic()
    for _ in range(5):
        vendor.sandbox.list_assessments()
    assert time.monotonic() - began >= 4 / 20


# For each request in turn the status, and what Retry-After says; the last is repeated.
Script = list[tuple[int, str]]


def answering(script: Script, deadline: float = float("inf")) -> tuple[Listener, Target]:
    """A listener that answers so, and the target that it is."""
    replies = [Reply(status, {"Retry-After": wait} if wait else {}) for status, wait in script]
    listener = Listener(replies)
    return listener, Target(listener.url, {"PI_API_KEY": "a-key"}, deadline=deadline)


def test_a_request_is_repeated_when_a_429_says_so() -> None:
    listener, target = answering([(429, "1"), (429, "0"), (200, "")])
    with listener, closing(target):
        began = time.monotonic()
        assert target.open().list_assessments().status == 200
        assert time.monotonic() - began >= 1
        assert len(listener.received) == 3


@pytest.mark.parametrize("answer", [(502, ""), (503, "1"), (504, ""), (429, "3600"), (429, "9" * 400)])
def test_a_vendor_that_is_unavailable_or_wants_a_long_pause_decides_nothing(answer: tuple[int, str]) -> None:
    listener, target = answering([answer], deadline=time.monotonic() + 60)
    with listener, closing(target):
        with pytest.raises(Inconclusive, match=str(answer[0])):
            target.open().list_assessments()
        assert len(listener.received) == 1


# What is refused before anything starts, and what is never sent.


@pytest.mark.parametrize("path", ["/", "/api/v1", "/api/v1/", "/api/v2", "/mercury", "/mercury/v2"])
def test_a_target_may_end_as_the_vendors_documents_write_it(vendor: Vendor, path: str) -> None:
    target = Target(f"{vendor.proxy.url}{path}", vendor.target.keys)
    with closing(target):
        target.probe()
    assert target.url == vendor.proxy.url


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(404), "answers 404 where the API of predictive-index should be"),
        (Reply(301, {"Location": "https://a.example"}), r"answers 301 \(Location: https://a.example\)"),
        (Reply(200, {"Content-Type": "text/html"}, b"<html>"), "answers, but not with JSON"),
        (Reply(500), "answers 500"),
        (Reply(401, {}, b"no such key"), "answers 401 to PI_API_KEY: no such key"),
        (Reply(503), "it answers 503"),
        (Reply(0), "no(t available| answer)"),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Reply) else "",
)
def test_what_is_not_the_api_is_refused_with_the_reason(reply: Reply, reason: str) -> None:
    listener = Listener([reply])
    target = Target(listener.url, {"PI_API_KEY": "a-key"})
    with listener, closing(target), pytest.raises(Unaskable, match=reason):
        target.probe()


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:99999",
        "http://127.0.0.1:x",
        "http://[::1",
        "ftp://127.0.0.1",
        "http:",
        "http://a..b",
        "http://a/é",
        "http://user:password@a",
        "http://a/?b=c",
        "http://a/#b",
    ],
)
def test_a_target_that_is_no_address_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="is no address of a server"):
        address(target)


@pytest.mark.parametrize(
    ("environ", "options", "reason"),
    [
        *(({}, option, f"{option[0]} is for a vendor") for option in (
            ("--allow-email",), ("--allow-writes",), ("--rate", "2"), ("--ledger", "ledger")
        )),
        *((_CREDENTIALS, option, f"{option[0]} has no effect at a vendor") for option in (
            ("--profile", "quick"), ("--examples", "3"), ("--listener-host", "x")
        )),
        ({}, ("--list",), "--target has no effect with --list"),
        ({}, ("--examples", "3", "--profile", "quick"), "--profile has no effect with --examples"),
    ],
)  # fmt: skip
def test_options_without_an_effect_are_refused(
    environ: Mapping[str, str], options: tuple[str, ...], reason: str
) -> None:
    arguments = ["server", "--target", "http://127.0.0.1:9", *options]
    ended = CliRunner(env={**dict.fromkeys(_CREDENTIALS), **environ}).invoke(cli.check, arguments)
    assert (ended.exit_code, reason in ended.output) == (2, True), ended.output


@pytest.mark.parametrize("verb", ["TRACE", "PROPFIND", "COPY", "REPORT", "OPTIONS"])
def test_verbs_that_gateways_answer_are_not_sent_to_a_vendor(vendor: Vendor, verb: str) -> None:
    with pytest.raises(Inconclusive, match=f"{verb} is not sent to a vendor"):
        vendor.sandbox.call(verb, ASSESSMENTS_PATH, auth="predictive_index")
    assert vendor.proxy.calls == []
