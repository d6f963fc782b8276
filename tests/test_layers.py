"""Who may import whom, and what may touch the world: the table of the design, kept by reading every module."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import dedent

import pytest

from tests.servers import ROOT

OURS = ("simulator", "contracts")

PURE = frozenset(
    "abc base64 binascii bisect collections collections.abc copy dataclasses datetime decimal enum fractions functools "
    "hashlib heapq hmac html ipaddress itertools json math operator re string struct textwrap types typing unicodedata "
    "urllib.parse uuid zlib".split()
)
"""The standard library that pure code may use: the types of `datetime`, but no clock, no chance, no I/O."""

WORLDLY = (
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
    *("uuid.uuid1", "uuid.uuid4", "uuid.getnode", "random", "secrets", "time"),
    *("asyncio", "io", "logging", "os", "pathlib", "socket", "subprocess", "sys", "threading"),
)
"""What pure code may not even name of its imports: the clock, chance and the world outside."""

BUILTIN = ("__import__", "eval", "exec", "hash", "input", "open", "print")
"""What it may not use of the builtins either; `hash` of a text differs by process."""

DEFERRED = frozenset(
    "PIL email faker httpcore2 httpx2 hypothesis jinja2 prometheus_client psycopg pydantic pytest reportlab smtplib "
    "uvicorn uvloop".split()
)
"""Heavy packages that a first answer does not need: these alone may be imported inside a function."""

LAZY = frozenset({"simulator.cli", "simulator.pytest_plugin", "simulator.testing.subserver", "simulator.tls"})
"""Who may put off any import: `ready` and `--help` need none of the program, a test-suite without simulator nothing of
the plugin, who starts a server in another process none of what that runs, and who serves without TLS nothing of it."""

CHECKS = "simulator.cli"
"""The one module of the program that may use the contracts, inside a command."""


ENVIRONMENT = ("os.environ", "os.getenv")
"""What `simulator.settings` alone may read."""


@dataclass(frozen=True)
class Module:
    """One module: its dotted name and what it says."""

    name: str
    tree: ast.Module

    @property
    def layer(self) -> str:
        """Its row: `simulator.core`, `simulator.vendors.<v>`, `simulator.server`, `simulator`, `contracts`."""
        parts = self.name.split(".")
        if parts[:2] == ["simulator", "vendors"]:
            return ".".join(parts[:3])
        return ".".join(parts[:2]) if parts[1:2] in (["core"], ["server"]) else parts[0]


@dataclass(frozen=True)
class Import:
    """One import: `from module import name`, or `import module` with no name; `hidden` within a function."""

    module: str
    name: str
    alias: str
    line: int
    hidden: bool

    @property
    def full(self) -> str:
        """What it asks for."""
        return f"{self.module}.{self.name}" if self.name else self.module

    @property
    def top(self) -> str:
        """The package that it comes from."""
        return self.module.split(".", maxsplit=1)[0]

    @property
    def binds(self) -> tuple[str, str]:
        """The name that it makes known, and what that stands for."""
        known = self.alias or self.name
        return (known, self.full) if known else (self.top, self.top)

    def within(self, package: str) -> bool:
        """Whether it comes from that package."""
        return f"{self.full}.".startswith(f"{package}.")


def module(name: str, source: str) -> Module:
    return Module(name, ast.parse(dedent(source)))


def modules() -> list[Module]:
    """Every module of both packages."""
    return [
        module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path.read_text())
        for package in OURS
        for path in sorted((ROOT / package).rglob("*.py"))
    ]


def imports(tree: ast.AST, hidden: bool = False) -> Iterator[Import]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (Import(one.name, "", one.asname or "", node.lineno, hidden) for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            yield from (Import(source, one.name, one.asname or "", node.lineno, hidden) for one in node.names)
        else:
            within = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from imports(node, hidden or within)


def is_pure(layer: str) -> bool:
    """Whether code of this layer may touch nothing of the world."""
    return layer == "simulator.core" or layer.startswith("simulator.vendors")


def allowed(layer: str, name: str, wanted: Import) -> bool:
    """Whether the table lets module `name` of `layer` import it."""
    if wanted.top in OURS or wanted.module.startswith("."):
        ours = {
            "simulator.core": ("simulator.core",),
            "simulator.server": ("simulator.core", "simulator.server"),
            "simulator": OURS if name == CHECKS and wanted.hidden else ("simulator",),
            "contracts": ("contracts",),
        }.get(layer, ("simulator.core", layer))
        return any(wanted.within(package) for package in ours)
    if is_pure(layer):
        draws = layer != "simulator.core" and name.endswith((".results", ".samples"))
        return wanted.module in PURE or wanted.full in PURE or (draws and wanted.top == "faker")
    return True


def deferrable(name: str, wanted: Import) -> bool:
    """Whether module `name` may put this import off until a function needs it."""
    return wanted.top in DEFERRED or name in LAZY


def used(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name that the module uses of its imports, written out in full, and of the builtins, with its line."""
    known = dict(wanted.binds for wanted in imports(tree))
    own = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    own |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(tree):
        chain: list[str] = []
        inner: ast.AST = node
        while isinstance(inner, ast.Attribute):
            chain.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and (inner.id in known or inner.id not in own):
            yield ".".join([known.get(inner.id, f"builtins.{inner.id}"), *chain]), inner.lineno


def worldly(name: str) -> bool:
    """Whether pure code must keep away from it."""
    return any(f"{name}.".startswith(f"{one}.") for one in (*WORLDLY, *(f"builtins.{one}" for one in BUILTIN)))


def breaches(one: Module) -> set[str]:
    """What this module does that its layer may not."""
    found = set()
    for wanted in imports(one.tree):
        place = f"{one.name}:{wanted.line}"
        if not allowed(one.layer, one.name, wanted):
            found.add(f"{place} may not import {wanted.full}")
        if wanted.hidden and not deferrable(one.name, wanted):
            found.add(f"{place} hides the import of {wanted.full} in a function")
    for name, line in used(one.tree):
        if is_pure(one.layer) and worldly(name):
            found.add(f"{one.name}:{line} may not use {name}")
        if one.name.startswith("simulator.") and one.name != "simulator.settings" and name in ENVIRONMENT:
            found.add(f"{one.name}:{line} may not read the environment: that is for simulator.settings")
    return found


def edges(all_modules: list[Module]) -> dict[str, set[str]]:
    """Which of our modules imports which, at its top."""
    names = {one.name for one in all_modules}
    return {
        one.name: {
            target
            for wanted in imports(one.tree)
            if not wanted.hidden
            for target in [wanted.full if wanted.full in names else wanted.module]
            if target in names and target != one.name
        }
        for one in all_modules
    }


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that reach one another."""

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = [start]
        while ahead:
            fresh = graph.get(ahead.pop(), set()) - seen
            seen |= fresh
            ahead.extend(fresh)
        return seen

    reached = {name: reach(name) for name in graph}
    groups = {tuple(sorted(b for b in reached[a] if a in reached[b])) for a in graph if a in reached[a]}
    return [list(group) for group in sorted(groups)]


@pytest.mark.parametrize("one", modules(), ids=lambda one: one.name)
def test_a_module_keeps_to_its_layer(one: Module) -> None:
    assert breaches(one) == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert cycles(edges(modules())) == []


BAD = [
    ("simulator.core.a", "import asyncio", "may not import asyncio"),
    ("simulator.core.a", "import random", "may not import random"),
    ("simulator.core.a", "import os.path", "may not import os.path"),
    ("simulator.core.a", "from time import monotonic", "may not import time.monotonic"),
    ("simulator.core.a", "import httpx2", "may not import httpx2"),
    ("simulator.core.a", "from faker import Faker", "may not import faker.Faker"),
    ("simulator.core.results", "from faker import Faker", "may not import faker.Faker"),
    ("simulator.core.a", "from simulator.server import log", "may not import simulator.server.log"),
    ("simulator.core.a", "from simulator import vendors", "may not import simulator.vendors"),
    ("simulator.core.a", "import simulator.corelike", "may not import simulator.corelike"),
    ("simulator.core.a", "from . import b", "may not import ."),
    (
        "simulator.vendors.pi.a",
        "from simulator.vendors.pymetrics import orders",
        "may not import simulator.vendors.pym",
    ),
    ("simulator.vendors.pi.a", "from simulator.vendors import pymetrics", "may not import simulator.vendors.pymetrics"),
    ("simulator.vendors.pi.a", "import simulator.server.clock", "may not import simulator.server.clock"),
    ("simulator.vendors.pi.orders", "import faker", "may not import faker"),
    ("simulator.vendors", "from simulator.server import clock", "may not import simulator.server.clock"),
    ("simulator.server.a", "from simulator.vendors.pi import VENDOR", "may not import simulator.vendors.pi.VENDOR"),
    ("simulator.server.a", "import simulator.settings", "may not import simulator.settings"),
    ("simulator.server.a", "import contracts", "may not import contracts"),
    ("simulator.app", "import contracts.orders", "may not import contracts.orders"),
    ("simulator.cli", "import contracts", "may not import contracts"),
    ("simulator.pytest_plugin", "def f():\n    import contracts", "may not import contracts"),
    ("simulator.client", "def f():\n    from simulator import app", "hides the import of simulator.app"),
    ("contracts.a", "from simulator.client import Simulator", "may not import simulator.client.Simulator"),
    ("contracts.a", "import simulator", "may not import simulator"),
    ("simulator.core.a", "from datetime import datetime\nx = datetime.now()", "may not use datetime.datetime.now"),
    ("simulator.core.a", "import datetime as d\nx = d.datetime.utcnow()", "may not use datetime.datetime.utcnow"),
    ("simulator.core.a", "from datetime import date as day\nx = day.today", "may not use datetime.date.today"),
    ("simulator.vendors.pi.a", "from datetime import datetime\nx = datetime.today()", "may not use datetime.datetime"),
    ("simulator.vendors.pi.a", "from uuid import uuid4\nx = uuid4()", "may not use uuid.uuid4"),
    ("simulator.vendors.pi.a", "import uuid\ny = [uuid.uuid1]", "may not use uuid.uuid1"),
    ("simulator.core.a", "import time\nx = time.time()", "may not use time.time"),
    ("simulator.core.a", "from secrets import token_hex\ntoken_hex()", "may not use secrets.token_hex"),
    ("simulator.core.a", "import os\nos.urandom(3)", "may not use os.urandom"),
    ("simulator.core.a", "x = open('a').read()", "may not use builtins.open"),
    ("simulator.core.a", "x = hash('a')", "may not use builtins.hash"),
    ("simulator.server.a", "import os\nx = os.environ.get('A')", "may not read the environment"),
    ("simulator.server.a", "from os import getenv\nx = getenv('A')", "may not read the environment"),
    ("simulator.server.a", "def f():\n    import json", "hides the import of json"),
    ("simulator.app", "class A:\n    async def f(self):\n        from simulator.core import b", "hides the import"),
    ("simulator.app", "def f():\n    if True:\n        import contracts", "hides the import of contracts"),
]


@pytest.mark.parametrize(("name", "source", "complaint"), BAD)
def test_a_breach_is_seen(name: str, source: str, complaint: str) -> None:
    assert any(complaint in found for found in breaches(module(name, source))), breaches(module(name, source))


GOOD = [
    ("simulator.core.a", "import re\nfrom collections.abc import Mapping\nfrom simulator.core import b"),
    ("simulator.core.a", "from datetime import datetime, UTC\nx = datetime(2026, 1, 1, tzinfo=UTC)"),
    ("simulator.core.a", "import uuid\nx = uuid.UUID(int=1)"),
    ("simulator.core.a", "def f(time, open):\n    print = open(time.time())\n    return print"),
    ("simulator.vendors.pi.a", "from simulator.core.call import Call\nfrom simulator.vendors.pi import rules"),
    ("simulator.vendors.pi.results", "def f(seed):\n    from faker import Faker"),
    ("simulator.server.a", "import asyncio, time, random\nfrom simulator.core import b\nx = time.time()"),
    ("simulator.server.a", "def f():\n    from reportlab.pdfgen import canvas"),
    ("simulator.settings", "import os\nx = os.environ"),
    ("simulator.cli", "def check():\n    from contracts import run\n    from simulator import app"),
    ("simulator.client", "def f():\n    import httpx2"),
    ("simulator.pytest_plugin", "import pytest\ndef f():\n    from simulator import client"),
    ("contracts.a", "import hypothesis, httpx2\nfrom contracts import b"),
]


@pytest.mark.parametrize(("name", "source"), GOOD)
def test_what_is_allowed_passes(name: str, source: str) -> None:
    assert breaches(module(name, source)) == set()


def test_a_circle_is_seen_however_long() -> None:
    ring = [
        module("simulator.a", "from simulator import b"),
        module("simulator.b", "import simulator.c"),
        module("simulator.c", "from simulator.a import thing"),
        module("simulator.d", "import simulator.a"),
        module("simulator.e", "def late():\n    import simulator.f"),
        module("simulator.f", "import simulator.e"),
    ]
    assert cycles(edges(ring)) == [["simulator.a", "simulator.b", "simulator.c"]]


def test_every_name_in_the_table_is_of_the_standard_library() -> None:
    assert {name.split(".")[0] for name in PURE} <= sys.stdlib_module_names
