"""The texts of the candidate's pages in the languages of the folder `words`."""

import json
from collections.abc import Mapping
from pathlib import Path

ENGLISH = "en"
_FILES = sorted((Path(__file__).parent / "words").glob("*.json"), key=lambda file: (file.stem != ENGLISH, file.stem))
TEXTS: Mapping[str, Mapping[str, str]] = {file.stem: json.loads(file.read_text("utf-8")) for file in _FILES}
"""The texts by language and key; English is first."""
_RIGHT_TO_LEFT = frozenset(("ar", "fa", "he", "ur"))


def primary(tag: str) -> str:
    """The language of a tag without script and region: `de` of `de-AT`."""
    return tag.replace("_", "-").partition("-")[0].lower()


def direction(language: str) -> str:
    """The writing direction of a language, as an HTML `dir` value."""
    return "rtl" if language in _RIGHT_TO_LEFT else "ltr"
