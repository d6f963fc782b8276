"""Servers whose clocks differ by two minutes: ownership does not depend on them, nor does anything acknowledged."""

from pathlib import Path

from tests.engine.cluster import cluster, succeeded
from tests.engine.load import load
from tests.server import assessment
from tests.waiting import until

SHIFT = """
import os, time
_time, _ns, _seconds = time.time, time.time_ns, float(os.environ["CLOCK_SHIFT"])
time.time = lambda: _time() + _seconds
time.time_ns = lambda: _ns() + int(_seconds * 1_000_000_000)
"""


def shifted(folder: Path, *seconds: int) -> list[dict[str, str]]:
    """Environments in which Python's wall clock differs by so many seconds from the machine's."""
    (folder / "sitecustomize.py").write_text(SHIFT)
    return [{"PYTHONPATH": str(folder), "CLOCK_SHIFT": str(shift)} for shift in seconds]


def test_servers_with_other_clocks_are_killed_paused_and_lose_their_sessions_under_load(
    log: str, tmp_path: Path
) -> None:
    environs = shifted(tmp_path, -120, 0, 120)
    with cluster(log, environs=environs) as servers, load(servers) as under_way:
        with under_way.disturbed():
            servers.servers[0].kill()
            under_way.wait_for_progress(more=5)
        servers.servers[0].start()
        with under_way.disturbed(), servers.servers[2].paused(5):
            pass
        with under_way.disturbed():
            servers.end_sessions()
            under_way.wait_for_progress(more=10)
        under_way.check()


def test_a_server_whose_clock_is_ahead_takes_nothing_from_an_owner_that_answers(log: str, tmp_path: Path) -> None:
    with cluster(log, 2, environs=shifted(tmp_path, 0, 120)) as servers:
        owner, other = servers.servers
        servers.place("ada", owner)
        at_owner, at_other = servers.sandbox("ada", owner), servers.sandbox("ada", other)
        id = assessment(at_other, email="ada+completes-in-1m@example.com")["assessmentId"]
        until(lambda: succeeded(lambda: at_other.control("GET", f"/invitations/{id}")))
        assert servers.owner_of("ada") is owner
        both = [each.control_json("GET", f"/invitations/{id}")["status"] for each in (at_owner, at_other)]
        assert both[0] == both[1]
