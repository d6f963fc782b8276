"""What docs/contracts.md and docs/client-contracts.md say is true: every command runs, and every list is whole."""

from pathlib import Path

import pytest

from assessment_contracts.cli import FACTS, client
from assessment_contracts.cli import server as server_command
from assessment_contracts.clients.adapter import KINDS, METHODS
from assessment_contracts.clients.features import FEATURES
from assessment_contracts.clients.harness import LIMIT
from assessment_contracts.target import KEYS
from tests.clients.environments import WANTS_NODE
from tests.pages import blocks, listed, page, play, rows
from tests.servers import ROOT, Server

SERVER, CLIENT = page("contracts.md"), page("client-contracts.md")
# The page, a text of one of its commands, its exit status, and a text of its last line.
COMMANDS: list[tuple[str, str, int, str]] = [
    (SERVER, "--only 'pymetrics.token.*'", 0, " rules and guarantees hold; "),
    (SERVER, "--pyargs assessment_contracts", 0, " passed"),
    (SERVER, "--write-baseline", 0, " rules and guarantees hold; "),
    (SERVER, "--only 'pi.create.*'", 0, " not run; "),
    (SERVER, "grep -c last_held", 0, str(len(FACTS))),
    (CLIENT, "ours:Client", 0, "16 of 19 passed, 3 advisory, 40 not claimed; "),
    (CLIENT, "test_contracts.py", 0, "19 passed, 40 skipped in "),
    (CLIENT, "node adapter.mjs", 0, "17 of 19 passed, 2 advisory, 40 not claimed; "),
    (CLIENT, "assessment_contracts.examples.reference:Client", 0, "2 of 2 passed; "),
]


@pytest.mark.parametrize(
    ("text", "about", "status", "ending"),
    [pytest.param(*row, id=row[1], marks=[WANTS_NODE] if "node" in row[1] else []) for row in COMMANDS],
)
def test_every_command_ends_as_its_page_says(
    text: str, about: str, status: int, ending: str, server: Server, tmp_path: Path
) -> None:
    found = blocks(text, "bash")
    assert len(found) == len([row for row in COMMANDS if row[0] == text])
    (block,) = (block for block in found if about in block)
    if text == CLIENT:
        (tmp_path / "ours.py").write_text(blocks(CLIENT, "python")[0])
        (tmp_path / "test_contracts.py").write_text(blocks(CLIENT, "python")[1])
        (tmp_path / "adapter.mjs").write_text(blocks(CLIENT, "js")[0])
    ended = play(block, server.url, status, tmp_path, PYTHONPATH=str(ROOT))
    assert ending in ended.stdout.splitlines()[-1], ended.stdout[-500:]
    assert text == SERVER or ended.stderr == ""


def test_the_page_of_the_server_names_every_option_and_every_credential() -> None:
    options = {option for parameter in server_command.params for option in parameter.opts if option.startswith("--")}
    assert {option for option in options if f"`{option}" not in SERVER} <= {"--target", "--fail-fast"}
    assert [name for names in KEYS.values() for name in names if f"`{name}`" not in SERVER] == []


def test_the_page_of_clients_lists_all_features_methods_errors_and_options() -> None:
    features = {feature.strip("`"): meaning for feature, meaning in rows(CLIENT, "feature")}
    assert features == {id: feature.meaning for id, feature in FEATURES.items()}
    assert [row[0].strip("`").partition("(")[0] for row in rows(CLIENT, "method")] == list(METHODS)
    assert listed(CLIENT, "kind") == list(KINDS)
    known = {option for parameter in client.params for option in parameter.opts if option.startswith("-")}
    assert {*listed(CLIENT, "option", r"`(-[-\w]*)")} == known - {"--command", "--fail-fast"}


def test_the_page_of_clients_shows_the_grade_of_its_adapter_which_is_short_and_the_limit_of_a_call() -> None:
    assert "\n16 of 19 passed, 3 advisory, 40 not claimed; " in CLIENT
    assert len([line for line in blocks(CLIENT, "python")[0].splitlines() if line.strip()]) <= 25
    assert LIMIT == 15
    assert "within fifteen seconds" in " ".join(CLIENT.split())
