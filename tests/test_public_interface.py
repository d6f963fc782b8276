"""`docs/public-interface.json` is true, and the changelog names what the interface lost since it was frozen."""

import json

from tests.public_interface import FILE, ROOT, interface, renewed

KNOWN = json.loads(FILE.read_text())


def test_the_file_is_as_the_program_is() -> None:
    now = renewed(KNOWN, interface())
    gone = [line for line in now["removed"] if line not in KNOWN["removed"]]
    added = [
        f"{kind}: {line}" for kind in now if kind != "removed" for line in now[kind] if line not in KNOWN.get(kind, ())
    ]
    assert now == KNOWN, f"run `python -m tests.public_interface`; dropped or changed: {gone}; added: {added}"


def test_the_changelog_names_what_was_dropped() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    missing = [line for line in KNOWN["removed"] if f"`{line.partition(': ')[2]}`" not in changelog]
    assert missing == [], "CHANGELOG.md must name each in backticks"


def test_a_dropped_and_a_changed_entry_are_remembered() -> None:
    known = {"rules": ["a", "b"], "members": ["X.y: string"], "removed": ["rules: older"]}
    now = {"rules": ["b", "c"], "members": ["X.y: integer"]}
    first = renewed(known, now)
    assert first == {**now, "removed": ["members: X.y: string", "rules: a", "rules: older"]}
    assert renewed(first, now) == first
    assert renewed(first, {**now, "rules": ["a", "b", "c"]})["removed"] == ["members: X.y: string", "rules: older"]
