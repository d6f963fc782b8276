"""Sources as text."""

from assessment_simulator.core.sources import Basis, Source, Standing, Verified, assumed, last_verified, ours


def test_source_names_page_place_and_day_and_an_assumption_its_reason() -> None:
    assert str(Source("Common", "table 2", "2026-01-31")) == "Common, table 2 (read 2026-01-31)"
    assert str(ours("nothing is documented")) == "our choice: nothing is documented"
    assert assumed("nothing is documented") == Basis(Standing.ASSUMED, ours("nothing is documented"))


def test_standings_are_listed_the_surest_first() -> None:
    assert [standing.value for standing in Standing] == ["documented", "third_party", "observed", "assumed"]


def test_the_newest_agreement_with_the_vendor_is_named() -> None:
    older, newer = (Verified(day, "pi.example", "0.2.0", 3) for day in ("2026-01-02", "2026-03-04"))
    assert last_verified(()) == ""
    assert last_verified((newer, older)) == "last agreed with the vendor on 2026-03-04 (pi.example)"
