"""The egress policy: which addresses webhooks may go to, by the policy alone and at a listener."""

import socket
from collections import defaultdict
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from assessment_simulator.core.retry_schedule import REFUSED
from assessment_simulator.webhooks.egress import Policy, Refused
from tests.server import assessment
from tests.servers import Listener, Sandbox, served

FORBIDDEN = [
    "169.254.169.254", "169.254.0.0", "169.254.255.255", "169.254.170.2", "100.100.100.200", "168.63.129.16",
    "192.0.0.192", "2852039166", "0xA9FEA9FE", "0251.0376.0251.0376", "169.254.43518", "169.16689662",
    "169\u3002254\u3002169\u3002254", "\uff11\uff16\uff19.254.169.254", "[fe80::1]", "[febf::1]", "[fe80::1%25eth0]",
    "[fd00:ec2::254]", "[FD00:EC2:0:0:0:0:0:254]", "[fd00:ec2::23]", "[fd20:ce::254]", "[fd00:42::42]",
    "[fd00:c1::a9fe:a9fe]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b::169.254.169.254]", "[2002:a9fe:a9fe::1]", "[::169.254.169.254]", "user:password@169.254.169.254",
    "[64:ff9b:1::a9fe:a9fe]", "[::ffff:0:a9fe:a9fe]", "[2001:0:a9fe:a9fe::1]", "[2001:0:4136:e378:8000:63bf:5601:5601]",
    "[2001:db8::5efe:a9fe:a9fe]", "[2001:db8::200:5efe:169.254.169.254]", "0xA9.0xFE.0xA9.0xFE",
    "0x0a9fea9fe", "metadata.google.internal", "METADATA.google.internal.", "metadata", "instance-data",
    "metadata.goog",
    "hook.example@169.254.169.254", "hook.example:80@169.254.169.254",
]  # fmt: skip
ALLOWED = [
    "127.0.0.1", "[::1]", "localhost", "10.0.0.1", "192.168.1.1", "172.17.0.1", "8.8.8.8", "169.253.255.255",
    "169.255.0.1", "100.100.100.199", "168.63.129.17", "[fec0::1]", "[fd00:ec2::255]", "[2001:db8::1]",
    "[2001:db8::5efe:a00:1]", "[2002:a00:1::1]", "metadata.invalid", "my-metadata.invalid",
    "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "no-such-host.invalid",
]  # fmt: skip


async def allows(policy: Policy, url: str) -> bool:
    """Whether the policy lets a webhook go to the host of that URL."""
    try:
        await policy.resolve(urlsplit(url).hostname or "")
    except Refused:
        return False
    except OSError:
        return True  # a name that leads nowhere is the connection's error
    return True


@pytest.mark.parametrize("host", FORBIDDEN)
async def test_link_local_and_metadata_addresses_are_refused(host: str) -> None:
    for url in (f"http://{host}/latest", f"https://{host}:8080/", f"HTTP://{host}?x=@hook.example"):
        assert not await allows(Policy(), url)


@pytest.mark.parametrize("host", ALLOWED)
async def test_other_addresses_are_allowed(host: str) -> None:
    for url in (f"http://{host}/", f"https://{host}:8080/x", f"http://169.254.169.254@{host}/?x=169.254.169.254"):
        assert await allows(Policy(), url)


@pytest.mark.parametrize("host", FORBIDDEN)
async def test_webhook_hosts_do_not_allow_a_forbidden_address(host: str) -> None:
    assert not await allows(Policy(("*", host, "169.254.169.254")), f"http://{host}/")


def resolve_to(monkeypatch: pytest.MonkeyPatch, known: Mapping[str, list[str]]) -> None:
    """Let names have these addresses; others raise a KeyError."""

    def resolve(host: str, port: int | None, **_: Any) -> list[Any]:
        return [(0, 0, 0, "", (address, port)) for address in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


async def test_name_with_one_forbidden_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "good.example": ["10.0.0.1", "2001:db8::1"], "bad.example": ["10.0.0.1", "169.254.169.254"],
        "scoped.example": ["fe80::1%eth0"], "mapped.example": ["::ffff:169.254.169.254"],
    }  # fmt: skip
    resolve_to(monkeypatch, known)
    assert [name for name in known if await allows(Policy(), f"http://{name}/")] == ["good.example"]
    resolve_to(monkeypatch, {"rebound.example": ["8.8.8.8", "10.0.0.1"]})
    with pytest.raises(Refused):
        await Policy(public_only=True).resolve("rebound.example", named=True)


PRIVATE = [
    "127.0.0.1", "127.255.0.1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
    "100.127.255.255", "0", "0.1.2.3", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1",
    "192.0.0.8", "127.1",
    "2130706433", "0x7f.1", "[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::127.0.0.1]",
    "[::ffff:0:10.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::a00:1]", "[64:ff9b:1::808:808]", "[2002:7f00:1::1]",
    "[2002:a00:1::1]", "[2001:0:a00:1::1]", "[fc00::1]", "[fd12:3456::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]",
    "[2606:4700::5efe:a00:1]", "[100::1]", "[4000::1]", "localhost", "localhost.", "app.localhost", "a.b.LOCALHOST.",
]  # fmt: skip
PUBLIC = [
    "8.8.8.8", "172.32.0.1", "192.169.0.1", "100.128.0.1", "[2606:4700::1111]", "[64:ff9b::808:808]",
    "[::ffff:8.8.8.8]", "[2002:808:808::1]",
]  # fmt: skip


@pytest.mark.parametrize(("host", "allowed"), [(h, False) for h in PRIVATE] + [(h, True) for h in PUBLIC])
async def test_closed_access_allows_vendor_callers_public_addresses_only(host: str, allowed: bool) -> None:
    name = urlsplit(f"http://{host}/").hostname or ""
    for policy, named, expected in (
        (Policy(public_only=True), True, allowed), (Policy(public_only=True), False, True), (Policy(), True, True),
        (Policy(("*",), public_only=True), True, True), (Policy((name.lower(),), public_only=True), True, True),
    ):  # fmt: skip
        with nullcontext() if expected else pytest.raises(Refused, match="--webhook-hosts"):
            await policy.resolve(name, named=named)


@pytest.mark.parametrize("host", ["app.localhost", "APP.localhost.", "a.b.localhost"])
async def test_localhost_names_are_loopback_without_a_name_server(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    resolve_to(monkeypatch, {})
    assert [str(address) for address in await Policy().resolve(host)] == ["::1", "127.0.0.1"]


RESTRICTED = [
    (("hook.example",), "hook.example", True),
    (("hook.example",), "HOOK.Example", True),
    (("HOOK.example",), "hook.example", True),
    (("hook.example",), "hook.example:8443", True),
    (("hook.example",), "user:pw@hook.example", True),
    (("hook.example",), "other.example", False),
    (("hook.example",), "a.hook.example", False),
    (("hook.example",), "hook.example.evil.example", False),
    (("hook.example",), "evilhook.example", False),
    (("hook.example",), "hook.example@evil.example", False),
    (("*.hook.example",), "a.hook.example", True),
    (("*.hook.example",), "hook.example", False),
    (("*.hook.example",), "evil.example/a.hook.example", False),
    (("*.hook.example",), "evil.example?a.hook.example", False),
    (("*.hook.example",), "evil.example#a.hook.example", False),
    (("10.0.0.*",), "10.0.0.7", True),
    (("10.0.0.*",), "10.0.1.7", False),
    (("::1",), "[::1]", True),
    (("a.example", "b.example"), "b.example", True),
    ((), "hook.example", False),
    (("*",), "hook.example", True),
]


@pytest.mark.parametrize(("hosts", "authority", "allowed"), RESTRICTED)
async def test_webhook_hosts_restrict_the_allowed_hosts(
    monkeypatch: pytest.MonkeyPatch, hosts: tuple[str, ...], authority: str, allowed: bool
) -> None:
    resolve_to(monkeypatch, defaultdict(lambda: ["10.0.0.1"]))
    assert await allows(Policy(hosts), f"http://{authority}/") is allowed


def outcome(sandbox: Sandbox, url: str) -> Any:
    """The one delivery of an assessment that is completed, when all tries that are due now were made."""
    id = assessment(sandbox, assessmentStatusWebHook=url, externalPersonId=url)["assessmentId"]
    sandbox.control_json("POST", f"/invitations/{id}/complete")
    sandbox.control_json("POST", "/clock", {"advance": "PT0S"})
    return sandbox.control_json("GET", "/deliveries")[-1]


def test_webhook_to_a_localhost_name_is_delivered(sandbox: Sandbox, listener: Listener) -> None:
    port = listener.url.rpartition(":")[2]
    assert outcome(sandbox, f"http://app.localhost:{port}/")["state"] == "delivered"
    assert listener.received[0].headers["host"] == f"app.localhost:{port}"


@pytest.mark.parametrize("host", ["169.254.169.254", "2852039166", "[::ffff:169.254.169.254]", "ada@169.254.169.254"])
def test_forbidden_address_is_not_retried(sandbox: Sandbox, host: str) -> None:
    done = outcome(sandbox, f"http://{host}/")
    assert (done["state"], done["next"]) == ("failed", None)
    assert [(each["status"], each["error"]) for each in done["attempts"]] == [(None, REFUSED)]
    assert sandbox.control_json("POST", "/clock", {"advance": "PT48H"})["events"] == []


def test_server_with_webhook_hosts_sends_to_those_only(listener: Listener) -> None:
    port = listener.url.rpartition(":")[2]
    with (
        served("--webhook-hosts", "localhost, *.hook.example") as url,
        httpx2.Client(base_url=url, trust_env=False) as http,
    ):
        sandbox = Sandbox(http, "ada")
        assert outcome(sandbox, f"http://localhost:{port}/yes")["state"] == "delivered"
        assert outcome(sandbox, f"http://app.hook.localhost:{port}/no")["attempts"][0]["error"] == REFUSED
        for host in ("127.0.0.1", "127.1", f"localhost@127.0.0.1:{port}", "[::1]"):
            refused = outcome(sandbox, f"http://{host if '@' in host else f'{host}:{port}'}/no")
            assert (refused["state"], refused["attempts"][0]["error"]) == ("failed", REFUSED)
    assert [received.path for received in listener.received] == ["/yes"]
