"""What both vendors' contracts compare: the body that arrived with the caller's, and nulls with what is reported."""

from collections.abc import Mapping
from typing import Any

from assessment_contracts.clients.harness import Harness


def asked_is_what_arrived(
    harness: Harness, operations: tuple[str, ...], wish: Mapping[str, Any], defaults: Mapping[str, Any] | None = None
) -> None:
    """Assert that one request arrived, with this body; defaults and nulls may be added."""
    sent = harness.calls(*operations)
    assert len(sent) == 1, f"{len(sent)} creations arrived, not one"
    body = sent[0]["request"]["body"]
    assert isinstance(body, dict), f"the body that arrived is no JSON object: {body!r:.200}"
    wanted = {**(defaults or {}), **wish}
    for name in sorted({*body, *wanted}):
        came, meant = _without_nulls(body.get(name)), _without_nulls(wanted.get(name))
        default = (defaults or {}).get(name)
        by_default = came in (None, default) and (name not in wish or meant == default)
        assert by_default or _identical(came, meant), f"{name} was {meant!r}, and arrived as {came!r}"


def _without_nulls(value: Any) -> Any:
    """An object without those of its members that are null: the candidate's, for example."""
    return {name: one for name, one in value.items() if one is not None} if isinstance(value, dict) else value


def _identical(came: Any, meant: Any) -> bool:
    """Equal, and true is not 1."""
    if isinstance(meant, dict):
        return isinstance(came, dict) and came.keys() == meant.keys() and all(
            _identical(came[name], value) for name, value in meant.items()
        )  # fmt: skip
    if isinstance(meant, list):
        return isinstance(came, list) and len(came) == len(meant) and all(map(_identical, came, meant))
    return bool(came == meant) and isinstance(came, bool) == isinstance(meant, bool)


def nulls_are_nulls(reported: Mapping[str, Any], answered: Mapping[str, Any]) -> None:
    """Assert that what was null is null or absent, and what was an empty text is that, null or absent."""
    for name, value in answered.items():
        if value is None or value == "":
            told = reported.get(name)
            assert told is None or told == value, f"{name} was {value!r}, and is reported as {told!r}"
