"""The npm package under node:test: every member works, one server serves all files, and it ends with the runner."""

import json
import re
import shutil
from pathlib import Path

import pytest

import assessment_simulator
from tests.clients.npm_package import EXAMPLES, HERE, SOURCE, TOOLS, WANTS_NPM, environment, project, run
from tests.servers import CONTROL_TOKEN, Server
from tests.waiting import answers, until

pytestmark = WANTS_NPM
OPEN = """
const { simulator } = require("assessment-simulator");
simulator().then(
  async (sandbox) => { console.log(sandbox.url); await sandbox.close(); },
  (problem) => { console.log(problem.message); process.exitCode = 1; },
);
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the package."""
    return project(tmp_path_factory.mktemp("npm") / "project")


def only_node(folder: Path) -> str:
    """A folder of commands, with Node.js alone."""
    (folder / "node").symlink_to(str(shutil.which("node")))
    return str(folder)


def test_the_package_has_the_programs_version_types_no_dependencies_and_no_scripts(installed: Path) -> None:
    there = installed / "node_modules" / "assessment-simulator"
    described = json.loads((there / "package.json").read_text())
    assert described["version"] == assessment_simulator.__version__
    assert not {"dependencies", "scripts", "peerDependencies"} & described.keys()
    assert {path.name for path in there.iterdir()} == {"README.md", "index.d.ts", "lib", "package.json"}
    assert {path.name for path in (SOURCE / "lib").iterdir()} == {path.name for path in (there / "lib").iterdir()}


def test_all_files_of_a_run_share_one_server_which_ends_with_it(installed: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    for name in ("one.test.mjs", "two.test.mjs"):
        shutil.copy(HERE / "members.test.mjs", installed / name)
    shutil.copy(EXAMPLES / "node" / "hiring.test.mjs", installed)
    files = ("one.test.mjs", "two.test.mjs", "hiring.test.mjs")
    done = run("node", "--test", *files, cwd=installed, environ=environment(SEEN=str(seen)))
    assert done.returncode == 0, done.stdout
    assert re.search(r"\bpass 1[2-9]\b", done.stdout)
    (url,) = {*seen.read_text().split()}
    assert len(seen.read_text().split()) == 2
    until(lambda: not answers(url), 30)


def test_a_running_server_is_used_also_in_closed_access(installed: Path, server: Server, closed: Server) -> None:
    told = run("node", "-e", OPEN, cwd=installed, environ=environment(SIMULATOR_URL=server.url))
    assert told.stdout == f"{server.url}\n"
    away = environment(SIMULATOR_URL=closed.url, SIMULATOR_CONTROL_TOKEN=CONTROL_TOKEN)
    assert run("node", "-e", OPEN, cwd=installed, environ=away).stdout == f"{closed.url}\n"
    nowhere = run("node", "-e", OPEN, cwd=installed, environ=environment(SIMULATOR_URL="http://127.0.0.1:9"))
    assert "SIMULATOR_URL is http://127.0.0.1:9, and no simulator responds there: " in nowhere.stdout


def test_without_the_command_uvx_runs_the_same_version_and_without_both_the_message_says_what_to_install(
    installed: Path, tmp_path: Path
) -> None:
    path = only_node(tmp_path)
    alone = run("node", "-e", OPEN, cwd=installed, environ=environment(PATH=path))
    assert "the command assessment-simulator was not found" in alone.stdout
    assert f"pip install assessment-simulator=={assessment_simulator.__version__}" in alone.stdout
    # Stands for uvx: notes its arguments, and runs the installed program.
    uvx = tmp_path / "uvx"
    uvx.write_text(
        f'#!/bin/sh\necho "$1 $2 $3" >"{tmp_path}/asked"\nshift 3\nexec "{TOOLS}/assessment-simulator" "$@"\n'
    )
    uvx.chmod(0o755)
    assert run("node", "-e", OPEN, cwd=installed, environ=environment(PATH=path)).stdout.startswith("http://127.0.0.1:")
    asked = (tmp_path / "asked").read_text()
    assert asked == f"--from assessment-simulator=={assessment_simulator.__version__} assessment-simulator\n"


def test_a_server_that_does_not_start_is_reported_with_its_reason(installed: Path, tmp_path: Path) -> None:
    command = tmp_path / "assessment-simulator"
    command.write_text("#!/bin/sh\necho no luck >&2\nexit 3\n")
    command.chmod(0o755)
    told = run("node", "-e", OPEN, cwd=installed, environ=environment(PATH=only_node(tmp_path))).stdout
    assert "the simulator did not start: " in told
    assert "serve ended with 3\nno luck" in told
