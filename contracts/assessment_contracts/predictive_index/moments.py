"""Instants as The Predictive Index writes them, counted in ticks of 100 nanoseconds so that none is rounded."""

import re
from datetime import UTC, datetime, timedelta

SECOND = 10_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

WRITTEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", re.ASCII)
"""Seven decimals, always, and Z."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?(Z|[+-]\d\d:\d\d)", re.ASCII)


def ticks(text: str) -> int:
    """The instant that a text means; a date alone means the last tick of its day."""
    found = _SENT.fullmatch(text)
    if found is None:
        return _whole(datetime.fromisoformat(f"{text}T00:00:00+00:00")) + DAY - 1
    seconds, fraction, zone = found.groups()
    return _whole(datetime.fromisoformat(seconds + zone.replace("Z", "+00:00"))) + int((fraction or "0").ljust(7, "0"))


def written(at: int) -> str:
    """`2016-10-02T23:59:59.0123456Z`."""
    return f"{(_EPOCH + timedelta(seconds=at // SECOND)).replace(tzinfo=None).isoformat()}.{at % SECOND:07d}Z"


def lasting(span: int) -> str:
    """A span as the control API reads it: `PT3.0000001S`."""
    return f"PT{span // SECOND}.{span % SECOND:07d}S"


def _whole(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(seconds=1) * SECOND
