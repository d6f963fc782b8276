"""The how-to page about comparing: each command of it runs, against a simulator in the place of the vendor."""

import json
from pathlib import Path

from assessment_contracts.kit import ServerProcess
from assessment_simulator.recording.comparison import STATUSES
from tests.pages import SHELL, blocks, listed, page, play
from tests.recording.vendors import PI
from tests.servers import Server, sandbox_at
from tests.waiting import free_port

PAGE = page("howto/compare.md")


def test_the_commands_of_the_page_run_in_their_order(server: Server, tmp_path: Path) -> None:
    record, ask, redact, compare = blocks(PAGE, "bash")
    port = free_port()
    with sandbox_at(server.url, "recorded") as sandbox:
        sandbox.pi.post(PI, json={"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"})
    here = record.replace("https://pi.predictiveindex.com", server.url).replace("8790", str(port))
    with ServerProcess(["bash", "-c", f"exec {here}"], cwd=tmp_path, environ={"PATH": SHELL["PATH"]}):
        answer = play(ask.replace("8790", str(port)), "", PI_API_KEY="sim-recorded").stdout
        assert json.loads(answer)[0]["lastName"] == "Lovelace"
    assert play(redact, "", cwd=tmp_path).stdout == "redacted 1 calls\n"
    text = "".join(path.read_text() for path in (tmp_path / "recording").iterdir())
    assert not [word for word in ("Lovelace", "ada@example", "sim-recorded") if word in text]
    assert "agrees          predictive_index.list_assessments (1 call)" in play(compare, "", cwd=tmp_path).stdout
    assert {"compare.xml", "compare.html"} <= {path.name for path in tmp_path.iterdir()}


def test_the_page_lists_the_verdicts() -> None:
    assert set(listed(PAGE, "verdict", r"`([\w ]+)`")) == set(STATUSES)
