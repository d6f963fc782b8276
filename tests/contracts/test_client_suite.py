"""The client contracts as tests of a user's suite: `assessment_contracts.pytest`."""

import re
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from assessment_contracts.clients.jsonl_process import Failed, Hung
from assessment_contracts.pytest import _InProcess, client_contracts
from tests.suites import run, written

NAIVE = """
from assessment_contracts.examples.naive import Client as Naive
from assessment_contracts.pytest import client_contracts

class Client(Naive):
    features = {"pymetrics.orders"}

test_client = client_contracts(Client, only=["client.pymetrics.*_as_one", "client.pymetrics.id_stays*", "*.webhook_*"])
"""
ASYNC = """
import asyncio
import aiohttp
from assessment_contracts.clients.adapter import ClientError
from assessment_contracts.pytest import client_contracts

class Client:
    features = {"pymetrics.orders"}

    def __init__(self, base_url, client_id, client_secret, api_key):
        self.base_url, self.session, self.loop = base_url, None, None
        self.keys = {"client_id": client_id, "client_secret": client_secret, "grant_type": "client_credentials"}
        self.api_key = api_key

    async def create_order(self, order):
        if self.session is None:
            self.loop = asyncio.get_running_loop()
            self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(1))
            token = (await self.send("POST", "/mercury/oauth/token", json=self.keys))["access_token"]
            self.session.headers.update({"Authorization": f"Bearer {token}", "X-Api-Key": self.api_key})
        assert self.loop is asyncio.get_running_loop()
        return await self.send("POST", "/mercury/order", json=order)

    async def get_order(self, id, report):
        return await self.send("GET", f"/mercury/getOrder/{id}", params={"report": str(report).lower()})

    async def send(self, method, path, **more):
        try:
            async with self.session.request(method, self.base_url + path, **more) as answer:
                if answer.status >= 400:
                    raise ClientError("refused", await answer.text(), answer.status)
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError) as problem:
            raise ClientError("unavailable", str(problem)) from problem

    async def aclose(self):
        if self.session is not None:
            await self.session.close()

test_client = client_contracts(Client, only=["client.pymetrics.order_*", "client.pymetrics.slow*"], profile="quick")
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "xdist"])
def test_contracts_fail_advise_or_are_skipped(tmp_path: Path, workers: tuple[str, ...]) -> None:
    done = run(written(tmp_path, {"test_contracts.py": NAIVE}), "--junitxml=report.xml", "-rs", *workers)
    cases = {}
    for case in ET.parse(tmp_path / "report.xml").iter("testcase"):  # noqa: S314  our own file
        name = re.sub(r".*\[|\]", "", case.get("name", ""))
        cases[name] = [one.tag for one in case]
    assert cases["client.pymetrics.refusal_is_told_as_one"] == ["failure"]
    assert cases["client.pymetrics.id_stays_one_segment"] == ["properties"]
    assert cases["client.pymetrics.webhook_seen_twice_is_taken_twice"] == ["skipped"]
    assert "does not claim pymetrics.webhooks" in done.stdout
    advisories = done.stdout.split("advisories of the client contracts")[1]
    assert advisories.count("client.pymetrics.id_stays_one_segment\nExpected: An id is escaped") == 1
    assert "BASE=${BASE:-http://127.0.0.1:8787}" in advisories
    assert done.returncode == 1


def test_methods_may_be_async(tmp_path: Path) -> None:
    done = run(written(tmp_path, {"test_contracts.py": ASYNC}), "-p", "_hypothesis_pytestplugin", "--hypothesis-seed=1")
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


@pytest.mark.parametrize(
    ("adapter", "arguments", "why"),
    [
        pytest.param({}, {}, "claims no feature", id="no methods"),
        pytest.param({"features": {"pymetrics.rest"}}, {}, "no such feature: pymetrics.rest", id="unknown feature"),
        pytest.param({"features": "pymetrics.orders"}, {}, "write a set of names", id="a text for a set"),
        pytest.param(
            {"create_order": print, "get_order": print},
            {"only": ["x"]},
            "no contract has an id like 'x'",
            id="unknown id",
        ),
        pytest.param(
            {"create_order": print, "get_order": print},
            {"profile": "fast"},
            "quick, default, nightly, long",
            id="unknown profile",
        ),
    ],
)
def test_what_cannot_be_used_is_an_error_of_collection(
    adapter: dict[str, object], arguments: dict[str, object], why: str
) -> None:
    with pytest.raises(pytest.UsageError, match=why):
        client_contracts(type("Client", (), adapter), **arguments)  # type: ignore[arg-type]


class Slow:
    """An adapter that hangs, dies, and remembers whether it was closed."""

    closed = 0

    def get_order(self, id: str) -> str:
        """Hang, die, or answer."""
        if id == "hang":
            time.sleep(2)
        if id == "exit":
            raise SystemExit(3)
        return id

    def close(self) -> None:
        """Count."""
        Slow.closed += 1


def test_an_adapter_that_hangs_or_exits_does_not_stop_the_suite() -> None:
    program = _InProcess(Slow)
    program.call("open", {}, 2)
    with pytest.raises(Hung, match=r"get_order did not end within 0.1 seconds"):
        program.call("get_order", {"id": "hang"}, 0.1)
    program.call("open", {}, 2)
    with pytest.raises(Failed, match="SystemExit: 3"):
        program.call("get_order", {"id": "exit"}, 2)
    assert program.call("get_order", {"id": "7"}, 2) == "7"
    program.call("open", {}, 2)
    assert Slow.closed == 1
    program.stop()
