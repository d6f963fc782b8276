"""Whether what a client reports is what the vendor answered."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)", re.ASCII)


def differences(reported: Any, answered: Any, at: str = "") -> Iterator[str]:
    """In words, what of an answer is reported otherwise; nothing when the report is true.

    A member that is null or empty in the answer is left to a contract of its own. Instants may be written in another
    way, as long as they are the same to the last digit. A client may add members of its own.
    """
    if isinstance(answered, dict):
        if not isinstance(reported, dict):
            yield f"{at or 'the answer'} was an object, and is reported as {reported!r}"[:300]
            return
        for name, value in answered.items():
            if value not in (None, "", [], {}):
                yield from differences(reported.get(name), value, f"{at}.{name}" if at else name)
    elif isinstance(answered, list):
        if not isinstance(reported, list) or len(reported) != len(answered):
            yield f"{at} was {answered!r}, and is reported as {reported!r}"[:600]
            return
        for number, (one, other) in enumerate(zip(reported, answered, strict=True)):
            yield from differences(one, other, f"{at}[{number}]")
    elif not _same(reported, answered):
        yield f"{at} was {answered!r}, and is reported as {reported!r}"[:600]


def _same(reported: Any, answered: Any) -> bool:
    if isinstance(answered, bool) or isinstance(reported, bool):
        return reported is answered
    if reported == answered:
        return True
    if isinstance(answered, str) and isinstance(reported, str):
        instant = ticks(answered)
        return instant is not None and instant == ticks(reported)
    return False


def ticks(text: str) -> int | None:
    """An ISO 8601 instant in nanoseconds since 1970; None when it is none, or names no zone."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    day, time, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{time}{'+00:00' if zone == 'Z' else zone}")
    except ValueError:
        return None
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    return seconds * 10**9 + int((fraction or "0").ljust(9, "0"))


def true(reported: Any, answered: Any) -> None:
    """Assert that a report is true."""
    found = list(differences(reported, answered))
    assert not found, "; ".join(found)
