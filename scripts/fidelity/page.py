"""Writes `docs/fidelity.md`: rules, guarantees and flags with their sources, our assumptions, and omissions.

`scripts/docs` runs it. What no code enforces (guarantees, assumptions, omissions, what was read) stands in
`facts.toml` in each vendor's folder.
"""

import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assessment_simulator.app import VENDORS
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.sources import Source, Standing, last_verified, ours
from assessment_simulator.core.vendor import Vendor

# The pages of rules on a server that runs with the default address.
RULES = "http://127.0.0.1:8787/_simulator/rules"
_VENDORS = Path(__file__).parents[2] / "simulator" / "assessment_simulator" / "vendors"


@dataclass(frozen=True, slots=True)
class Document:
    """One copy of a page, repository or package that sources cite; `facts.toml` explains the members."""

    titles: tuple[str, ...]
    address: str
    publisher: str
    api: str
    share: str
    copied: str = "not known"
    read: str = "2026-11-01"
    code: bool = False


@dataclass(frozen=True, slots=True)
class Guarantee:
    """What the vendor does, besides the rules that it enforces."""

    id: str
    statement: str
    standing: Standing
    source: Source


@dataclass(frozen=True, slots=True)
class Assumption:
    """A choice of ours that callers can depend on; `facts.toml` explains the members."""

    what: str
    cost: str
    flags: tuple[str, ...]
    check: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What `facts.toml` in a vendor's folder says: facts that no code enforces."""

    publisher: str
    api: str
    about: str
    documents: tuple[Document, ...]
    guarantees: tuple[Guarantee, ...]
    omissions: dict[str, str]
    assumptions: tuple[Assumption, ...]


def facts(vendor: Vendor) -> Facts:
    """Read the facts of a vendor."""
    found = tomllib.loads((_VENDORS / vendor.id / "facts.toml").read_text("utf-8"))
    publisher, api = found["publisher"], found["api"]
    documents = (
        Document(**{"publisher": publisher, "api": api, **one, "titles": tuple(one["titles"])})
        for one in found["documents"]
    )
    guarantees = (
        Guarantee(id, statement, Standing(standing), Source(*source) if len(source) > 1 else ours(*source))
        for id, (statement, standing, *source) in found["guarantees"].items()
    )
    assumptions = (
        Assumption(**{**one, "flags": tuple(one["flags"]), "ids": tuple(one["ids"])}) for one in found["assumptions"]
    )
    return Facts(
        publisher, api, found["about"], tuple(documents), tuple(guarantees), found["omissions"], tuple(assumptions)
    )


_NEVER = "**No part of this simulator was ever compared with a live vendor.**"
_HEAD = """# How faithful it is

{compared} All facts come from stored copies of pages (some
partial) and from published clients. Each vendor's table of sources says what was read, when the copy was read, how old
it is where that is known, and how much of it could be read.

What is simulated:

{about}
Each table row has a standing:

- **documented**: a page of the vendor about this API says so;
- **third_party**: a page of another publisher says so, of this API or of a newer one of the vendor; also where that
  page repeats a page of the vendor about the newer API;
- **observed**: an SDK or a sample of the vendor shows it;
- **assumed**: our choice where nothing is known of this API, with the reason. A statement on the vendor's own page
  about a newer API is assumed here, too.

The standing and the source of a rule are those of its demand. Where the status of the refusal or the shape of its body
comes from elsewhere, the row says so. A status without a standing of its own is as sure as the demand, and a body is
as sure as its status.

Nothing is verified until somebody [compares it with the vendor](howto/compare.md). A rule that agreed then shows the
day of the last comparison beside its standing, here and on its page.

Each rule leads to its page on a server that runs with the default address: two requests that were run there, one that
the rule accepts and one that it refuses.

This page is written by `scripts/docs` from the tables that the server answers with; do not edit it.
"""

_ASSUMPTIONS = """## Assumptions, and what a wrong one costs you

These choices affect callers, and no page confirms them. The flags are set under `behaviour` in a sandbox's settings
(names without a dot are settings themselves). `check server` is described in [contracts.md](contracts.md); with a
vendor's credentials it runs against the vendor. "By hand" means: test it yourself with your own credentials, at
pymetrics' staging host, or in a sandbox account of The Predictive Index, which any client may ask the vendor for; it
sends real e-mails. Where there is no flag, a [fault](control.md#faults) gives your client another status, or an answer
with other members.
"""


def page() -> str:
    """The whole page, in Markdown."""
    about = "\n".join(f"- {vendor.title}: {facts(vendor).about}." for vendor in VENDORS.values()) + "\n"
    assumptions = [
        (vendor.title, one.what, one.cost, ", ".join(f"`{flag}`" for flag in one.flags) or "none", one.check)
        for vendor in VENDORS.values()
        for one in facts(vendor).assumptions
    ]
    heads = ("vendor", "assumption", "what you would see at the vendor if it is wrong", "flag", "how to check")
    known = {rule.id for vendor in VENDORS.values() for rule in vendor.rules if vendor.verified.get(rule.id)}
    rules = "1 rule" if len(known) == 1 else f"{len(known)} rules"
    compared = f"**Of this simulator {rules} agreed with the live vendor in a comparison.**" if known else _NEVER
    parts = [_HEAD.format(about=about, compared=compared), _ASSUMPTIONS, *_table(heads, assumptions)]
    for vendor in VENDORS.values():
        parts += _chapter(vendor)
    return "\n".join(parts).rstrip() + "\n"


def _chapter(vendor: Vendor) -> list[str]:
    known = facts(vendor)
    standings = [rule.standing for rule in vendor.rules] + [one.standing for one in known.guarantees]
    ids = {rule.id for rule in vendor.rules}
    counts = f"{len(vendor.rules)} rules and {len(known.guarantees)} guarantees"
    return [
        f"## {vendor.title}\n",
        f"{counts}, {_count(standings)}; {len(vendor.behaviour_flags)} behaviour flags.\n",
        f"Statuses of the refusals: {_count(rule.of_status.standing for rule in vendor.rules)}.\n",
        f"Rules that agreed with the vendor in a comparison: {len(vendor.verified.keys() & ids)} of {len(ids)}.\n",
        "### Rules\n",
        *_table(("rule", "place", "demand", "status", "standing", "source"), (
            _rule(rule, vendor) for rule in vendor.rules
        )),
        "### Guarantees\n",
        *_table(("guarantee", "what", "standing", "source"), (
            (f"`{one.id}`", one.statement, one.standing.value, str(one.source)) for one in known.guarantees
        )),
        "### Behaviour flags\n",
        "Set under `behaviour` in a sandbox's settings; the first value is the default, which is our assumption.\n",
        *_table(("flag", "values", "what it decides", "source"), (
            (f"`{one.id}`", ", ".join(f"`{json.dumps(v)}`" for v in one.values), one.statement, str(one.source))
            for one in vendor.behaviour_flags
        )),
        "### Not simulated\n",
        *_table(("what", "why"), known.omissions.items()),
        "### Sources\n",
        *_table(
            ("source", "address", "whose, about what", "the copy", "read on", "how much of it"),
            map(_document, known.documents),
        ),
    ]  # fmt: skip


def _count(standings: Iterable[Standing]) -> str:
    counts = Counter(standings)
    return ", ".join(f"{counts[standing]} {standing}" for standing in Standing)


def _rule(rule: Rule, vendor: Vendor) -> Sequence[str]:
    """The row of a rule, with the standing and the source of its status and body where they are others."""
    standing, source = rule.standing.value, str(rule.source)
    parts = [("status", rule.status_basis), ("body", rule.body_basis)]
    if rule.status_basis == rule.body_basis:
        parts = [("status and body", rule.status_basis)]
    for part, basis in parts:
        if basis is not None:
            standing += f"; {part}: {basis.standing}"
            source += f"; {part}: {basis.source}"
    if verified := last_verified(vendor.verified.get(rule.id, ())):
        standing += f"; **{verified}**"
    return f"[`{rule.id}`]({RULES}/{rule.id})", f"`{rule.place}`", rule.statement, str(rule.status), standing, source


def _document(one: Document) -> Sequence[str]:
    title, *others = one.titles
    title += f" (cited as {', '.join(others)})" if others else ""
    return title, one.address, f"{one.publisher}, about {one.api}", one.copied, one.read, one.share


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return [*lines, ""]


if __name__ == "__main__":
    sys.stdout.write(page())
