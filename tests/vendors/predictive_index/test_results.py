"""Scores lie where they are said to lie, repeat with their seed, and give one of the seventeen patterns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core.seeded_random import SeededRandom
from assessment_simulator.vendors.predictive_index import results

FACTOR = st.sampled_from(results.FACTORS)
SCORE = st.floats(-4, 4)
SEQUENCES = st.integers(0, 10**6)


@given(SEQUENCES, st.sampled_from([None, "high", "low"]), st.none() | st.text())
def test_drawn_scores_have_two_decimals_and_stay_in_range(
    sequence: int, lean: str | None, position: str | None
) -> None:
    made = results.scores(SeededRandom(b"x", sequence), position, lean, {})
    low, high = {"high": (0.75, 2.5), "low": (-2.5, -0.75)}.get(str(lean), (-2.5, 2.5))
    for graph in results.GRAPHS:
        assert all(low <= value <= high and value == round(value, 2) for value in made[graph].values())
    assert (made["positionSigmaScore"] is None) == (not position)
    assert made == results.scores(SeededRandom(b"x", sequence), position, lean, {})


@given(SEQUENCES, st.dictionaries(st.sampled_from(results.GRAPHS), st.dictionaries(FACTOR, SCORE)))
def test_given_factors_win_and_synthesis_is_the_mean_of_the_two(
    sequence: int, wanted: dict[str, dict[str, float]]
) -> None:
    made = results.scores(SeededRandom(b"x", sequence), None, None, wanted)
    for graph, sigma in wanted.items():
        assert sigma.items() <= made[graph].items()
    for factor in results.FACTORS:
        mean = round((made["selfSigmaScore"][factor] + made["selfConceptSigmaScore"][factor]) / 2, 2)
        assert made["synthesisSigmaScore"][factor] == wanted.get("synthesisSigmaScore", {}).get(factor, mean)


@pytest.mark.parametrize(("number", "name"), [*enumerate(results.PROFILES, 1)])
def test_each_profile_is_nearest_to_itself(number: int, name: str) -> None:
    assert results.pattern(dict(zip(results.FACTORS, results.PROFILES[name], strict=False))) == number


def test_a_position_has_the_same_target_scores_every_time() -> None:
    assert results.position_scores("Engineer") == results.position_scores("Engineer")
    assert results.position_scores("Engineer") != results.position_scores("engineer")


WRITTEN = [(1, "1.00"), (-2.5, "-2.50"), (0.125, "0.125"), (0, "0.00"), (4, "4.00")]


@pytest.mark.parametrize(("score", "text"), WRITTEN)
def test_a_score_is_written_with_two_decimals_or_all_it_has(score: float, text: str) -> None:
    assert results.formatted(score) == text


@given(*[st.fixed_dictionaries(dict.fromkeys(results.FACTORS, SCORE))] * 2)
def test_fit_is_1_to_10_and_10_for_equal_scores(synthesis: dict[str, float], position: dict[str, float]) -> None:
    assert results.fit(position, position) == 10
    assert 1 <= results.fit(synthesis, position) <= 10
