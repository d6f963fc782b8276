"""The candidate's questionnaire in neutral words: what the page behind an invitation asks, and what comes of it.

A vendor knows the questions and how answers become scores; the pages themselves are those of `candidate/`.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple

from assessment_simulator.core.sandbox_view import Stored

# By question: the chosen values. A blank question is missing, or has none.
Answers = Mapping[str, Sequence[str]]


class Phase(Enum):
    """Where a candidate stands with an invitation."""

    INVITED = "invited"
    STARTED = "started"
    FINISHED = "finished"
    EXPIRED = "expired"
    CLOSED = "closed"


class Question(NamedTuple):
    """A question to the candidate."""

    name: str
    text: str
    choices: tuple[tuple[str, str], ...]  # (value, text)
    many: bool = False  # whether any number of them is an answer, or just one


class Part(NamedTuple):
    """Questions that belong together."""

    title: str
    text: str
    questions: tuple[Question, ...]
    exhibit: tuple[tuple[str, str], ...] = ()  # (sign, its name) to look at before answering
    picture: str = ""  # the name of a drawing of `candidate/picture.svg`


class Briefing(NamedTuple):
    """What the first page says: who (`host`) invites whom to what, and for what (`subject`)."""

    title: str
    candidate: str
    phase: Phase
    host: str = ""
    subject: str = ""
    until: int | None = None  # in ticks
    language: str = "en"  # the one that the inviter chose
    language_name: str = "English"
    redirect: str | None = None  # where the candidate goes afterwards
    kind: str = ""  # of the assessment, where its questions depend on that


class Questionnaire(NamedTuple):
    """A vendor's substitute for its assessment."""

    path: str  # of the invitations' links; `{word}` stands for one segment
    ticket: str  # the parameter of the path, or else of the query, with sandbox, seal and invitation
    briefing: Callable[[Stored], Briefing]
    parts: Mapping[str, tuple[Part, ...]]  # by language; all languages ask the same
    to_results: Callable[[Answers], Mapping[str, Any]]  # the body of `complete`; without scores, they are drawn
    opening_action: str | None = None  # the action that opening the link is, if it is one
    # The parts by kind of assessment and language, where they are not `parts`.
    kinds: Mapping[str, Mapping[str, tuple[Part, ...]]] = MappingProxyType({})
    look: str = "plain"  # the class of the pages in the style sheet

    def parts_of(self, kind: str, language: str) -> tuple[Part, ...]:
        """The parts of an assessment of this kind."""
        return self.kinds.get(kind, self.parts)[language]

    @property
    def path_prefix(self) -> str:
        """What every link's path begins with: the whole path, or all before `{`, which ends with a slash."""
        return self.path.partition("{")[0]

    def matches(self, path: str) -> bool:
        """Whether a path is one of the invitations' links."""
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
