"""`compare` bears whatever a recording holds."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from assessment_simulator.recording.files import Answer, Call, Recording
from tests.commands import call as command
from tests.recording.vendors import OTHER, PI

HOSTILE: list[dict[str, Any]] = [
    {"method": "GE T"}, {"headers": {"api-key": "a\nb"}}, {"headers": {"na me": "x"}}, {"url": f"http://h{PI}?\x00"},
    {"at": "yesterday"}, {"body": b"\xff\xfe"}, {"url": "http://h/../../x"},
    {"headers": {"host": "a", "content-length": "7"}},
]  # fmt: skip


def test_calls_that_nobody_can_send_end_no_comparison(tmp_path: Path) -> None:
    (tmp_path / "recording.json").write_text('{"vendor": "predictive_index", "host": "h", "expires": "9"}')
    recording = Recording(tmp_path)
    usual = Call("2026-01-01T00:00:00Z", "GET", f"http://h{PI}/{OTHER}", {"api-key": "k"}, b"", Answer(401))
    for more in HOSTILE:
        recording.add(replace(usual, **more))
    deep = b"[" * 50_000
    recording.add(replace(usual, answer=Answer(200, {"content-type": "application/json"}, deep)))
    done = command("compare", str(tmp_path))
    assert done.returncode in (1, 3), done.stderr
    assert "it could not be sent" in done.stdout
