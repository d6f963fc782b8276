"""The words of the candidate's pages, in the languages of the folder `words`."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent / "words"
ENGLISH = "en"
_LEFTWARD = frozenset(("ar", "fa", "he", "ur"))


def primary(tag: str) -> str:
    """The language of a tag without script and region: `de` of `de-AT`."""
    return tag.replace("_", "-").partition("-")[0].lower()


def direction(language: str) -> str:
    """Which way a language is written, as HTML says it."""
    return "rtl" if language in _LEFTWARD else "ltr"


def spoken() -> tuple[str, ...]:
    """The languages that there are, English first."""
    return (ENGLISH, *sorted(path.stem for path in FOLDER.glob("*.json") if path.stem != ENGLISH))


@lru_cache(maxsize=16)
def words(language: str) -> Mapping[str, str]:
    """The words of one of the languages, by what they are for."""
    found: dict[str, str] = json.loads((FOLDER / f"{language}.json").read_text("utf-8"))
    return found
