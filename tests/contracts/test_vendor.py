"""`check server` at a vendor, which a proxy plays: announced, within its budget, and nothing is left unreported."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from assessment_contracts.kit import environment
from assessment_contracts.target import KEYS
from tests.contracts.test_target import Vendor, on_creation
from tests.contracts.vendor_proxy import VendorProxy, relay
from tests.servers import Server

Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def vendor(server: Server) -> Iterator[Vendor]:
    """A vendor that behaves well."""
    with VendorProxy(server.url) as proxy:
        vendor = Vendor(proxy)
        yield vendor
        vendor.target.connection.close()


@pytest.fixture
def start(vendor: Vendor, tmp_path: Path) -> Iterator[Run]:
    """Starts `check server` at the vendor, with the credentials of its account for The Predictive Index."""
    with ExitStack() as stack:

        def started(*options: str, keys: Mapping[str, str] | None = None, path: str = "") -> "subprocess.Popen[str]":
            keys = {"PI_API_KEY": f"sim-{vendor.account}"} if keys is None else keys
            command = [
                sys.executable, "-P", "-m", "assessment_simulator", "check", "server", "--target",
                f"{vendor.proxy.url}{path}", "--rate", "200", "--ledger", str(tmp_path / "ledger.json"), *options,
            ]  # fmt: skip
            pipe = subprocess.PIPE
            running = subprocess.Popen(command, env=environment(keys), stdout=pipe, stderr=pipe, text=True)
            stack.enter_context(running)
            stack.callback(running.kill)
            return running

        yield started


def left(stderr: str) -> list[str]:
    """The creations that the command reports as left."""
    return [line for line in stderr.splitlines() if line.startswith("left at the vendor: ")]


def test_a_run_does_what_it_announced_and_leaves_nothing(vendor: Vendor, start: Run, tmp_path: Path) -> None:
    running = start("--only", "pi.create.*", "--budget", "100", path="/api/v1")
    vendor.proxy.wait_for(1)
    assert (tmp_path / "ledger.json").exists()
    stdout, stderr = running.communicate(timeout=120)
    assert running.returncode == 0, stdout + stderr
    expected = re.search(r"simulator: ([\d,]+) requests \(.*\) and ([\d,]+) creations, of which 0 cannot", stderr)
    assert expected
    requests, creations = (int(number.replace(",", "")) for number in expected.groups())
    probes = 1
    assert len(vendor.proxy.calls) == requests + probes
    assert sum(1 for call in vendor.proxy.calls if call.creates) >= creations > 10
    assert (vendor.exists, left(stderr), [*tmp_path.iterdir()]) == (0, [], [])


def test_a_whole_run_passes_sends_no_mail_and_leaves_only_the_orders(vendor: Vendor, start: Run) -> None:
    keys = {name: f"sim-{vendor.account}" for names in KEYS.values() for name in names}
    keys["PYMETRICS_CLIENT_SECRET"] = "hush-hush"
    stdout, stderr = start("--allow-writes", "--budget", "140", keys=keys).communicate(timeout=170)
    assert (" failed" in stdout, "hush-hush" in stdout + stderr) == (False, False), stdout[-3_000:]
    assert " not run" in stdout
    assert vendor.control("/mail") == []
    assert [call.path for call in vendor.proxy.calls if call.path.startswith("/_simulator")] == []
    orders = [one for one in vendor.control("/invitations") if one["vendor"] == "pymetrics"]
    assert len(left(stderr)) == vendor.exists == len(orders) > 20


def test_without_leave_no_order_is_created_though_wrong_ones_are_sent(vendor: Vendor, start: Run) -> None:
    keys = dict.fromkeys(KEYS["pymetrics"], f"sim-{vendor.account}")
    stdout, stderr = start("--only", "pymetrics.order.*.required.broken", keys=keys).communicate(timeout=60)
    assert re.search(r"\n(\d+) of \1 passed;", stdout), stdout + stderr
    assert any(call.creates for call in vendor.proxy.calls)
    assert (vendor.exists, left(stderr)) == (0, [])


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=str)
def test_an_interrupted_run_removes_what_it_has_created(vendor: Vendor, start: Run, sent: signal.Signals) -> None:
    running = start("--only", "pi.change.*")
    vendor.proxy.wait_for(3)
    running.send_signal(sent)
    _, stderr = running.communicate(timeout=60)
    assert (running.returncode, "cannot run: it was interrupted" in stderr) == (2, True), stderr
    # The vendor may have created what the interrupted request asks for: it is listed.
    assert vendor.exists <= len(left(stderr)) <= 1


def test_sigterm_ends_the_run_in_the_middle_of_a_trickle(vendor: Vendor, start: Run) -> None:
    running = start("--only", "pi.create.*")
    vendor.proxy.wait_for(3)
    vendor.proxy.behave = lambda call: relay(call) if call.method == "DELETE" else call.trickle(call.forward())
    seen = len(vendor.proxy.calls)
    vendor.proxy.wait_for(seen + 1, creations=False)
    running.terminate()
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == 2
    assert "cannot run: it was interrupted" in stderr
    assert len(left(stderr)) >= vendor.exists


def test_the_budget_is_kept_and_what_may_exist_is_reported(vendor: Vendor, start: Run) -> None:
    vendor.proxy.behave = on_creation(lambda call: call.trickle(call.forward()))
    stdout, stderr = start("--only", "pi.create.*", "--budget", "8").communicate(timeout=60)
    took = re.search(r"rules and guarantees hold; ([\d.]+) s$", stdout, re.MULTILINE)
    assert took, stdout
    assert float(took[1]) < 14  # the budget, and the time to remove what is known
    assert (" failed" in stdout, " inconclusive" in stdout) == (False, True), stdout
    assert len(left(stderr)) == vendor.exists > 0


def test_after_a_crash_of_the_vendor_all_that_exists_is_reported(vendor: Vendor, start: Run) -> None:
    running = start("--only", "pi.c*")
    vendor.proxy.wait_for(5)
    vendor.proxy.crash()
    stdout, stderr = running.communicate(timeout=60)
    assert (running.returncode, " failed" in stdout) == (2, False), stdout
    assert len(left(stderr)) >= vendor.exists > 0


def test_after_sigkill_the_ledger_lists_what_exists_and_the_next_run_removes_it(
    vendor: Vendor, start: Run, tmp_path: Path
) -> None:
    running = start("--only", "pi.create.*")
    vendor.proxy.wait_for(5)
    running.kill()
    running.wait()
    rows = json.loads((tmp_path / "ledger.json").read_text())["creations"]
    assert len(rows) >= vendor.exists > 0
    _, stderr = start("--only", "pi.access.routes").communicate(timeout=60)
    unknown = [row for row in rows if not row["id"]]
    assert vendor.exists == len(unknown)
    assert len(left(stderr)) == len(unknown)
