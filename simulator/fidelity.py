"""Writes `docs/fidelity.md`: every rule, promise and switch with its source, and what is not simulated.

`python -m simulator.fidelity` prints the page.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence

from simulator.app import VENDORS
from simulator.core.sources import Omission, Promise
from simulator.core.vendor import Vendor

_HEAD = """# How faithful it is

This page is written by `scripts/docs` from the tables that the server answers with; do not edit it.

Neither vendor publishes everything. Each line says how sure we are: **documented** (a page of the vendor says so),
**observed** (an SDK or a sample of the vendor shows it), **assumed** (our choice where nothing is known, with the
reason).
Where the demand is documented and only the status of the refusal is ours, the source says so.
"""


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([_HEAD, *(part for vendor in VENDORS.values() for part in _vendor(vendor))]).rstrip() + "\n"


def _vendor(vendor: Vendor) -> list[str]:
    standings = [rule.standing for rule in vendor.rules] + [promise.standing for promise in vendor.promises]
    counted = Counter(standing.value for standing in standings)
    total = ", ".join(f"{counted[standing]} {standing}" for standing in ("documented", "observed", "assumed"))
    return [
        f"## {vendor.title}\n",
        f"{len(vendor.rules)} rules and {len(vendor.promises)} promises, {total}; {len(vendor.switches)} switches.\n",
        "### What it demands\n",
        *_table(("rule", "place", "demand", "refusal", "standing", "source"), _rules(vendor)),
        "### What it does\n",
        *_table(("promise", "what", "standing", "source"), _promises(vendor.promises)),
        "### Switches\n",
        "Set under `behaviour` in a sandbox's settings; the first value is the default.\n",
        *_table(("switch", "values", "what it decides", "source"), _switches(vendor)),
        "### What is not simulated\n",
        *_table(("what", "why"), _omissions(vendor.omitted)),
    ]


def _rules(vendor: Vendor) -> Iterable[Sequence[str]]:
    for rule in vendor.rules:
        yield f"`{rule.id}`", f"`{rule.place}`", rule.statement, str(rule.status), rule.standing.value, str(rule.source)


def _promises(promises: Iterable[Promise]) -> Iterable[Sequence[str]]:
    for promise in promises:
        yield f"`{promise.id}`", promise.statement, promise.standing.value, str(promise.source)


def _switches(vendor: Vendor) -> Iterable[Sequence[str]]:
    for switch in vendor.switches:
        yield f"`{switch.id}`", ", ".join(f"`{v}`" for v in switch.values), switch.statement, str(switch.source)


def _omissions(omitted: Iterable[Omission]) -> Iterable[Sequence[str]]:
    for omission in omitted:
        yield omission.what, omission.why


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return [*lines, ""]


if __name__ == "__main__":
    sys.stdout.write(page())
