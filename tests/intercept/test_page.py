"""The how-to page about intercepting: each command of it runs."""

import json
from pathlib import Path

from tests.intercept import LIST, PI, Interceptor
from tests.pages import blocks, page, play
from tests.suites import passed, run, written

PAGE = page("howto/intercept.md")


def test_the_commands_run(tmp_path: Path) -> None:
    first, second = blocks(PAGE, "bash")
    assert json.loads(play(first, "", XDG_DATA_HOME=str(tmp_path)).stdout)["firstName"] == "Ada"
    assert "requests   1 arrived" in play(second, "", XDG_DATA_HOME=str(tmp_path)).stderr


def test_the_example_passes_as_a_suite(tmp_path: Path) -> None:
    (suite,) = blocks(PAGE, "python")
    passed(run(written(tmp_path, {"test_example.py": suite}), XDG_DATA_HOME=str(tmp_path)), 1)


def test_the_server_of_the_page_is_the_one_that_is_tested(interceptor: Interceptor) -> None:
    command, shell = blocks(PAGE, "sh")
    ask = f"curl -sS -o /dev/null -w '%{{http_code}}' https://{PI}{LIST} -H 'api-key: k'"
    block = shell.replace("8788", f"{interceptor.port} --tls-dir {interceptor.folder}") + ask
    assert play(block, "").stdout == "200"
    assert command == "assessment-simulator serve --intercept 8788 --default-sandbox run\n"
    assert "--default-sandbox" in interceptor.server.command
