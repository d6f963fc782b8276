"""Timestamps as the vendors write them, and durations as the control API reads them.

pymetrics writes six decimals and an offset. The Predictive Index writes seven decimals and Z: its times are counted in
ticks of 100 nanoseconds here, so that none is rounded.
"""

import re
from datetime import UTC, datetime, timedelta

SECOND = 10_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
TICK = timedelta(microseconds=1)
"""The smallest step of pymetrics' timestamps."""

SEVEN_DECIMALS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?(Z|[+-]\d\d:\d\d)", re.ASCII)


def parsed(text: str) -> datetime:
    """The time that either vendor's text means, to the microsecond."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))


def six_decimals(at: datetime) -> str:
    """`2026-01-01T00:00:00.000000+00:00`."""
    return at.isoformat(timespec="microseconds")


def ticks(text: str) -> int:
    """The time that a text means; a date alone means the last tick of its day."""
    found = _SENT.fullmatch(text)
    if found is None:
        return _whole(datetime.fromisoformat(f"{text}T00:00:00+00:00")) + DAY - 1
    seconds, fraction, zone = found.groups()
    return _whole(datetime.fromisoformat(seconds + zone.replace("Z", "+00:00"))) + int((fraction or "0").ljust(7, "0"))


def seven_decimals(at: int) -> str:
    """`2016-10-02T23:59:59.0123456Z`."""
    return f"{(_EPOCH + timedelta(seconds=at // SECOND)).replace(tzinfo=None).isoformat()}.{at % SECOND:07d}Z"


def duration(span: timedelta | int) -> str:
    """`PT3.0000001S`, of a timedelta or of ticks."""
    if isinstance(span, timedelta):
        span = span // TICK * 10
    return f"PT{span // SECOND}.{span % SECOND:07d}S"


def _whole(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(seconds=1) * SECOND
