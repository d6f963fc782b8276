"""The candidate's part in neutral words: what the page behind an invitation says and asks, and what comes of it.

A vendor knows the questions and how answers become scores; the pages themselves belong to the server.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

from assessment_simulator.core.sandbox_view import Stored

Answers = Mapping[str, Sequence[str]]
"""By question: the values that were chosen. A question that was left blank is not there, or has none."""


class Phase(Enum):
    """Where a candidate stands with an invitation."""

    INVITED = "invited"
    STARTED = "started"
    FINISHED = "finished"
    EXPIRED = "expired"
    CLOSED = "closed"


class Question(NamedTuple):
    """Something to be answered by one of `choices` (value, text), or with `many` by any number of them."""

    name: str
    text: str
    choices: tuple[tuple[str, str], ...]
    many: bool = False


class Part(NamedTuple):
    """Questions that belong together; `exhibit` are signs (sign, its name) to be looked at before they are answered."""

    title: str
    text: str
    questions: tuple[Question, ...]
    exhibit: tuple[tuple[str, str], ...] = ()


class Briefing(NamedTuple):
    """What a candidate is told: who (`host`) invites whom to what and for what (`subject`), until when (in ticks).

    `language` and `language_name` are what the inviter asked for; `redirect` is where the candidate goes afterwards.
    """

    title: str
    candidate: str
    phase: Phase
    host: str = ""
    subject: str = ""
    until: int | None = None
    language: str = "en"
    language_name: str = "English"
    redirect: str | None = None


class Questionnaire(NamedTuple):
    """A vendor's stand-in for its assessment.

    An invitation's link leads to `path`, in which `{word}` stands for one segment. `ticket` names the parameter of the
    path, or else of the query, that holds the sandbox's name, its seal and the invitation's id, with dots between.
    `opening_action` is the action that opening the link is, if it is one. `parts` holds the questions by language; all
    languages ask the same. `to_results` makes of answers the body of the action `complete`; an empty one leaves the
    scores to chance.
    """

    path: str
    ticket: str
    briefing: Callable[[Stored], Briefing]
    parts: Mapping[str, tuple[Part, ...]]
    to_results: Callable[[Answers], Mapping[str, Any]]
    opening_action: str | None = None

    @property
    def path_prefix(self) -> str:
        """What every link's path begins with: the whole path, or with a slash at its end all that stands before `{`."""
        return self.path.partition("{")[0]

    def matches(self, path: str) -> bool:
        """Whether a path is one that links lead to."""
        return path.startswith(self.path_prefix) if self.path_prefix.endswith("/") else path == self.path_prefix


def questions(parts: Sequence[Part]) -> dict[str, Question]:
    """The questions of all parts by name."""
    return {question.name: question for part in parts for question in part.questions}


def flaw(answers: Answers, parts: Sequence[Part]) -> str | None:
    """What is wrong with answers, and what would be right; None when nothing is."""
    known = questions(parts)
    for name, values in answers.items():
        if name not in known:
            return f"there is no question {name[:40]!r}; there are {', '.join(known)}"
        possible = [value for value, _ in known[name].choices]
        strange = next((value for value in values if value not in possible), None)
        if strange is not None:
            return f"{name}: {strange[:40]!r} is none of its answers, which are {', '.join(possible)}"
        if len(values) > 1 and not known[name].many:
            return f"{name} takes one answer, and was given {len(values)}"
        if len(set(values)) < len(values):
            return f"{name} was given the same answer twice"
    return None
