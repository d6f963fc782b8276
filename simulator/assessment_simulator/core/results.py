"""The results of a completed invitation in neutral words, and the files that show them."""

from collections.abc import Mapping
from typing import NamedTuple

from assessment_simulator.core.decision import Document, Drawing


class Score(NamedTuple):
    """One score: of an assessment or a factor, with its band and a sentence about it, where the vendor has them."""

    name: str
    value: float | None
    band: str | None = None
    text: str | None = None


class Band(NamedTuple):
    """A part of a scale, by its lowest score."""

    lowest: float
    name: str


class Graph(NamedTuple):
    """Scores on one scale from `low` to `high`; `bands` are its parts, lowest first."""

    title: str
    unit: str
    low: float
    high: float
    scores: tuple[Score, ...]
    bands: tuple[Band, ...] = ()


class File(NamedTuple):
    """A file to draw: a report as PDF, or a picture."""

    title: str
    media_type: str
    content: Document | Drawing


class Results(NamedTuple):
    """What a completed invitation shows: the result in a word, its scores, and its files by name."""

    summary: str
    graphs: tuple[Graph, ...]
    files: Mapping[str, File]
