"""Rules that agreed with the vendor: what `compare --verified` adds, and where it is shown."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from assessment_simulator.app import VENDORS
from assessment_simulator.control.rules import facts
from assessment_simulator.control.server import catalogue, rule_view
from assessment_simulator.core.sources import Verified
from fidelity import page as fidelity
from tests.commands import call, complaint
from tests.recording.vendors import recorded

RULE = "pi.get.known"
OLDER, NEWER = (Verified(day, "pi.predictiveindex.com", "0.2.0", 3) for day in ("2026-01-02", "2026-03-04"))


def test_nothing_is_verified_until_somebody_compares() -> None:
    assert all(rule["verified"] == [] for rule in catalogue(VENDORS))
    assert "Rules that agreed with the vendor in a comparison: 0 of " in fidelity.page()
    assert "never compared with the vendor" in call("rules", RULE).stdout


def test_the_rule_and_the_page_of_fidelity_show_the_last_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = replace(VENDORS["predictive_index"], verified={RULE: (NEWER, OLDER)})
    (rule,) = (one for one in vendor.rules if one.id == RULE)
    view = rule_view(vendor, rule)
    assert [one["date"] for one in view["verified"]] == ["2026-03-04", "2026-01-02"]
    assert ("Verified", "last agreed with the vendor on 2026-03-04 (pi.predictiveindex.com)") in facts(view)
    monkeypatch.setattr(fidelity, "VENDORS", {**VENDORS, vendor.id: vendor})
    text = fidelity.page()
    (row,) = (line for line in text.splitlines() if line.startswith(f"| [`{RULE}`]"))
    assert "; **last agreed with the vendor on 2026-03-04 (pi.predictiveindex.com)** |" in row
    assert text.splitlines()[2].startswith("**Of this simulator 1 rule agreed with the live vendor in a comparison.**")


def test_rules_that_agree_are_added_if_the_recording_is_of_the_vendor(tmp_path: Path) -> None:
    folder, file = tmp_path / "calls", tmp_path / "verified.json"
    recorded("predictive_index", folder)
    options = ("compare", str(folder), "--verified", str(file))
    refused = call(*options)
    assert (refused.returncode, file.exists()) == (2, False)
    assert "127.0.0.1 is no host of The Predictive Index" in refused.stderr
    about = json.loads((folder / "recording.json").read_text())
    for host in ("pi.predictiveindex.com.evil.example", "evilpredictiveindex.com"):
        (folder / "recording.json").write_text(json.dumps({**about, "host": host}))
        assert "is no host of" in call(*options).stderr
    (folder / "recording.json").write_text(json.dumps({**about, "host": "pi.predictiveindex.com", "expires": "2020"}))
    assert "has expired" in call(*options).stderr
    (folder / "recording.json").write_text(json.dumps({**about, "host": "pi.predictiveindex.com"}))
    file.write_text(json.dumps({RULE: [{"date": "2020-01-01", "host": "h", "version": "0", "calls": 1}], "gone": []}))
    for _ in range(2):  # the same recording again adds nothing
        assert call(*options).returncode == 0
        known = json.loads(file.read_text())
        day = about["recorded"][:10]
        assert [(one["date"], one["host"]) for one in known[RULE]] == [
            ("2020-01-01", "h"),
            (day, "pi.predictiveindex.com"),
        ]
    assert "pi.access.key" in known
    assert "pi.create.email.required" not in known, "no call of the recording violates it"
    file.write_text("[]")
    complaint(call("redact", str(tmp_path / "none")), "none")
    assert "holds no lists by the ids of rules" in call(*options).stderr
