"""The npm package under Vitest, Jest and Playwright, after a crash of the runner, and for the TypeScript compiler."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.browser import CHROMIUM, OPTIONS
from tests.clients.npm_package import EXAMPLES, HERE, WANTS_NPM, environment, project, run, started
from tests.waiting import answers, until

pytestmark = [WANTS_NPM, pytest.mark.timeout(300)]
# A further file for each runner, so that it has two workers; each notes its server.
NOTE = 'require("node:fs").appendFileSync(process.env.SEEN, sandbox.url + "\\n");'
JEST = f"""
const {{ simulator }} = require("assessment-simulator");
test("here", async () => {{ const sandbox = await simulator(); {NOTE} await sandbox.close(); }}, 120000);
"""
VITEST = f"""
import {{ createRequire }} from "node:module";
import {{ test }} from "vitest";
import {{ simulator }} from "assessment-simulator";
const require = createRequire(import.meta.url);
test("here", async (context) => {{ const sandbox = await simulator(context); {NOTE} }}, 120000);
"""
BROWSER = json.dumps({"executablePath": CHROMIUM, "args": OPTIONS})
PLAYWRIGHT = f"module.exports = {{ use: {{ launchOptions: {BROWSER} }}, timeout: 120000 }};\n"
HANGING = f"""
import {{ createRequire }} from "node:module";
import {{ test }} from "node:test";
import {{ simulator }} from "assessment-simulator";
const require = createRequire(import.meta.url);
test("hangs", async (t) => {{
  const sandbox = await simulator(t);
  {NOTE}
  setTimeout(() => {{}}, 60_000);
  await new Promise(() => {{}});
}});
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the package and all runners."""
    return project(tmp_path_factory.mktemp("npm") / "project", runners=True)


def shared(folder: Path, *command: str, count: int) -> None:
    """Run the tests in a folder: they must pass, on one server, which ends."""
    seen = folder / "seen"
    seen.unlink(missing_ok=True)
    done = run(*command, cwd=folder, environ=environment(SEEN=str(seen)))
    assert done.returncode == 0, done.stdout + done.stderr
    urls = seen.read_text().split()
    assert (len(urls), len({*urls})) == (count, 1)
    until(lambda: not answers(urls[0]), 30)


def suite(folder: Path, **files: str) -> Path:
    """A folder within the project, so that it finds the packages."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


@pytest.mark.parametrize("pool", ["forks", "threads"])
def test_vitest(installed: Path, pool: str) -> None:
    folder = suite(installed / f"vitest-{pool}", one__test__js=VITEST, two__test__js=VITEST)
    for path in (EXAMPLES / "vitest").iterdir():
        shutil.copy(path, folder)
    (folder / "package.json").write_text('{"type": "module"}')
    options = ("--pool", pool, "--maxWorkers", "2", "--testTimeout", "120000", "--root", ".")
    shared(folder, "node", str(installed / "node_modules/vitest/vitest.mjs"), "run", *options, count=2)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_jest(installed: Path, workers: str) -> None:
    folder = suite(installed / f"jest-{workers}", one__test__js=JEST, two__test__js=JEST)
    shutil.copy(EXAMPLES / "jest" / "hiring.test.js", folder)
    (folder / "package.json").write_text('{"private": true}')
    options = ("--maxWorkers", workers, "--rootDir", ".", "--testTimeout", "60000")
    shared(folder, "node", str(installed / "node_modules/jest/bin/jest.js"), *options, count=2)


def test_playwright(installed: Path) -> None:
    folder = suite(installed / "playwright", playwright__config__js=PLAYWRIGHT)
    shutil.copy(EXAMPLES / "playwright" / "candidate.spec.js", folder)
    command = ("node", str(installed / "node_modules/@playwright/test/cli.js"), "test", "--reporter", "line")
    done = run(*command, cwd=folder, environ=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_the_server_ends_after_a_crash_of_the_runner(installed: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    (installed / "hangs.test.mjs").write_text(HANGING)
    with started("node", "--test", "hangs.test.mjs", cwd=installed, environ=environment(SEEN=str(seen))) as runner:
        until(lambda: seen.exists() and seen.read_text().endswith("\n"), 60)
        url = seen.read_text().strip()
        assert answers(url)
        # Only the runner dies; the process of the test hangs on.
        os.kill(runner.pid, signal.SIGKILL)
        runner.wait()
        until(lambda: not answers(url), 30)


def test_the_types_accept_what_works_and_refuse_what_does_not(installed: Path) -> None:
    shutil.copy(HERE / "types.ts", installed)
    options = ("--noEmit", "--strict", "--noUncheckedIndexedAccess", "--module", "nodenext", "--target", "es2022")
    libraries = ("--lib", "es2022,esnext.disposable,dom", "--types", "node")
    done = run(
        "node",
        "node_modules/typescript/bin/tsc",
        *options,
        *libraries,
        "types.ts",
        cwd=installed,
        environ=environment(),
    )
    assert done.returncode == 0, done.stdout
