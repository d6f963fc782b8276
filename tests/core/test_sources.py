"""Where a fact comes from."""

from assessment_simulator.core.sources import Source, Standing, assumed, ours


def test_a_source_says_page_place_and_day() -> None:
    assert str(Source("Common", "table 2", "2026-01-31")) == "Common, table 2 (read 2026-01-31)"


def test_an_assumption_gives_its_reason() -> None:
    source = ours("nothing is documented")
    assert (source.title, source.where) == ("our choice", "nothing is documented")


def test_the_standings_are_listed_from_the_surest_on() -> None:
    assert [standing.value for standing in Standing] == ["documented", "third_party", "observed", "assumed"]


def test_an_assumed_basis_is_our_own_choice_with_its_reason() -> None:
    basis = assumed("nothing is documented")
    assert (basis.standing, basis.source) == (Standing.ASSUMED, ours("nothing is documented"))


def test_our_own_choice_is_written_with_its_reason_and_no_day() -> None:
    assert str(ours("nothing is documented")) == "our choice: nothing is documented"
