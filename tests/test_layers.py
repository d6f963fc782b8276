"""The layers of the program: import-linter and ruff accept the tree, and refuse what the layers forbid."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.servers import ROOT

BIN = Path(sys.executable).parent
PROGRAM = "simulator/assessment_simulator"
REFUSED = [
    ("core/a.py", "import asyncio", "TID251"),
    ("core/a.py", "import os.path", "TID251"),
    ("core/a.py", "from secrets import token_hex", "TID251"),
    ("core/a.py", "from time import monotonic", "TID251"),
    ("core/a.py", "import httpx2", "TID251"),
    ("core/a.py", "from datetime import datetime\n\nNOW = datetime.now()", "TID251"),
    ("core/a.py", "import datetime as d\n\nTODAY = d.date.today", "TID251"),
    ("core/a.py", "from . import b", "TID252"),
    ("vendors/pymetrics/a.py", "import uuid\n\nMADE = [uuid.uuid4]", "TID251"),
    ("vendors/predictive_index/a.py", "import random", "TID251"),
    ("sandbox/a.py", "import os\n\nHOME = os.environ.get('HOME')", "TID251"),
    ("sandbox/a.py", "def f():\n    import json", "PLC0415"),
    ("app.py", "import reportlab", "TID253"),
]
ACCEPTED = [
    ("core/a.py", "import uuid\nfrom datetime import datetime\n\nONE, DAY = uuid.UUID(int=1), datetime"),
    ("vendors/pymetrics/results.py", "def f():\n    from faker import Faker"),
    ("sandbox/a.py", "import asyncio\nimport time\n\nNOW = time.time, asyncio"),
    ("sandbox/a.py", "def f():\n    from reportlab.pdfgen import canvas"),
    ("settings.py", "import os\n\nHOME = os.environ"),
]


def ruff(path: str, source: str) -> str:
    """What ruff says of the layers in a file with this path and text."""
    rules = "TID251,TID252,TID253,PLC0415"
    options = ("check", "--quiet", "--no-cache", "--select", rules, "--output-format", "concise")
    command: list[str | Path] = [BIN / "ruff", *options, "--stdin-filename", f"{PROGRAM}/{path}", "-"]
    done = subprocess.run(command, input=source, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout


@pytest.mark.parametrize(("path", "source", "rule"), REFUSED)
def test_ruff_refuses_what_a_layer_may_not_use(path: str, source: str, rule: str) -> None:
    assert f" {rule} " in ruff(path, source)


@pytest.mark.parametrize(("path", "source"), ACCEPTED)
def test_ruff_accepts_what_a_layer_may_use(path: str, source: str) -> None:
    assert ruff(path, source) == ""


def test_the_packages_import_one_another_as_the_layers_allow() -> None:
    done = subprocess.run([BIN / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_no_chain_of_imports_is_longer_than_twelve_modules() -> None:
    source = ROOT / "simulator"
    trees = {
        ".".join(file.relative_to(source).with_suffix("").parts).removesuffix(".__init__"): ast.parse(file.read_text())
        for file in (source / "assessment_simulator").rglob("*.py")
    }

    @cache
    def longest(module: str) -> tuple[str, ...]:
        """The longest chain that begins with this module. Imports inside functions and for annotations do not count."""
        imported = {alias.name for node in trees[module].body if isinstance(node, ast.Import) for alias in node.names}
        for node in trees[module].body:
            if isinstance(node, ast.ImportFrom):
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                imported |= {name if name in trees else str(node.module) for name in names}
        return (module, *max(map(longest, imported & trees.keys() - {module}), key=len, default=()))

    chain = max(map(longest, trees), key=len)
    assert len(chain) <= 12, " -> ".join(chain)


def test_no_folder_has_more_than_22_modules() -> None:
    folders = {file.parent for file in (ROOT / PROGRAM).rglob("*.py")}
    sizes = {folder.name: len([*folder.glob("*.py")]) for folder in folders}
    assert {name: size for name, size in sizes.items() if size > 22} == {}
