"""The rules that agreed with the vendor: a JSON file, by rule's id a list of comparisons.

The program's own file is `verified.json` beside `app.py`. It is empty until a recording of a vendor is compared.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assessment_simulator import __version__
from assessment_simulator.recording.comparison import AGREES, Comparison


def add(path: Path, found: Comparison, about: Mapping[str, Any]) -> int:
    """Add the rules that agree to a file, and return how many there are.

    Raises OSError, and ValueError if the file is none of these, or the recording is no evidence about the vendor.
    """
    host, vendor = str(about.get("host")), found.vendor
    domains = {".".join(one.split(".")[-2:]) for one in vendor.hosts}
    if not any(f".{host}".endswith(f".{domain}") for domain in domains):
        raise ValueError(f"{host} is no host of {vendor.title}, so nothing is verified by its recording")
    if str(about.get("expires", "")) < datetime.now(UTC).isoformat():
        raise ValueError("the recording has expired, so nothing is verified by it")
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if not isinstance(known, dict) or not all(isinstance(entries, list) for entries in known.values()):
        raise ValueError(f"{path} holds no lists by the ids of rules")
    day, count = str(about.get("recorded"))[:10], 0
    for rule in vendor.rules:
        verdict = found.verdicts[rule.id]
        if verdict.state == AGREES:
            entry = {"date": day, "host": host, "version": __version__, "calls": verdict.calls}
            others = [one for one in known.get(rule.id, []) if (one["date"], one["host"]) != (day, host)]
            known[rule.id] = sorted([*others, entry], key=lambda one: str(one["date"]))
            count += 1
    path.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n", "utf-8")
    return count
