"""What an effect has changed, in the words of those who wait for something."""

from typing import Any

from assessment_simulator.journal.recorder import CLOCK, CONFIG, DELIVERY, EVERYTHING, FAULTS

_WORDS = {
    "configure": CONFIG,
    "turn": CLOCK,
    "misbehave": FAULTS,
    "restore": EVERYTHING,
    "reset": EVERYTHING,
    "renew": EVERYTHING,
}


def news(word: str, told: tuple[Any, ...]) -> list[tuple[str, str]]:
    """The words for what has changed, each with an id."""
    if word == "commit":
        _, _, saved, forgotten, _, owed = told
        changed = [(kind, id) for kind, id, _, _ in saved]
        return [*changed, *forgotten, *((DELIVERY, delivery.id) for delivery in owed)]
    if word == "attempt":
        return [(DELIVERY, told[0])]
    if word == "owe":
        return [(DELIVERY, told[0].id)]
    return [(_WORDS[word], "")] if word in _WORDS else []
