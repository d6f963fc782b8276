"""Valid answers, and paths of links."""

from collections.abc import Mapping, Sequence

import pytest

from assessment_simulator.core.questionnaire import Briefing, Part, Phase, Question, Questionnaire, flaw, questions

ONE = Question("one", "Which?", (("a", "A"), ("b", "B")))
MANY = Question("many", "Which ones?", (("a", "A"), ("b", "B")), many=True)
PARTS = (Part("First", "", (ONE,)), Part("Second", "", (MANY,)))


def exercise(path: str) -> Questionnaire:
    return Questionnaire(path, "ticket", lambda stored: Briefing("", "", Phase.INVITED), {"en": PARTS}, dict)


GOOD: list[Mapping[str, Sequence[str]]] = [
    {}, {"one": []}, {"one": ["a"]}, {"many": []}, {"many": ["b", "a"]}, {"one": ["b"], "many": ["a"]},
]  # fmt: skip


@pytest.mark.parametrize("answers", GOOD)
def test_valid_answers_are_accepted(answers: Mapping[str, Sequence[str]]) -> None:
    assert flaw(answers, PARTS) is None


BAD: list[tuple[Mapping[str, Sequence[str]], str]] = [
    ({"three": ["a"]}, "there is no question 'three'; there are one, many"),
    ({"x" * 50: ["a"]}, f"there is no question '{'x' * 40}'"),
    ({"one": ["c"]}, "one: 'c' is none of its answers, which are a, b"),
    ({"one": [""]}, "one: '' is none of its answers"),
    ({"one": ["a", "b"]}, "one takes one answer, and was given 2"),
    ({"many": ["a", "a"]}, "many was given the same answer twice"),
]


@pytest.mark.parametrize(("answers", "said"), BAD)
def test_invalid_answers_are_explained(answers: Mapping[str, Sequence[str]], said: str) -> None:
    assert str(flaw(answers, PARTS)).startswith(said)


def test_questions_of_all_parts_are_found_by_name() -> None:
    assert questions(PARTS) == {"one": ONE, "many": MANY}


@pytest.mark.parametrize(
    ("path", "wanted", "leads"),
    [
        ("/a/{ticket}", "/a/x", True), ("/a/{ticket}", "/a/x/y", True), ("/a/{ticket}", "/a", False),
        ("/a/{ticket}", "/ab/x", False), ("/a/b", "/a/b", True), ("/a/b", "/a/b/", False), ("/a/b", "/a/bc", False),
    ],
)  # fmt: skip
def test_path_of_a_link_is_recognised(path: str, wanted: str, leads: bool) -> None:
    assert exercise(path).matches(wanted) is leads
