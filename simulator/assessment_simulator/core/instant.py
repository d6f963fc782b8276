"""Instants and durations as whole ticks of 100 nanoseconds, the finest resolution that a vendor documents.

An instant is an `int`, the ticks since 1970-01-01T00:00:00Z. Plain integers add, compare and store exactly;
`datetime` would cut the seventh digit that The Predictive Index documents.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

MICROSECOND = 10
SECOND = 10_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# 0001-01-01T00:00:00Z, the first instant that can be written.
EARLIEST = -62_135_596_800 * SECOND
# 9999-12-31T23:59:59.9999999Z, the last instant that can be written.
LATEST = 253_402_300_800 * SECOND - 1

_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,7}))?(?:(Z)|([+-])(\d\d):(\d\d)))?", re.ASCII
)
_AMOUNT = r"\d{1,12}(?:\.\d{1,9})?"
_DURATION = re.compile(
    rf"P(?!$)(?:({_AMOUNT})W)?(?:({_AMOUNT})D)?(?:T(?=\d)(?:({_AMOUNT})H)?(?:({_AMOUNT})M)?(?:({_AMOUNT})S)?)?",
    re.ASCII,
)
_SHORT_DURATION = re.compile("(?!$)" + "".join(rf"(?:({_AMOUNT}){unit})?" for unit in "wdhms"), re.ASCII)
_UNITS = (WEEK, DAY, HOUR, MINUTE, SECOND)
# How a duration is described in messages.
DURATION_FORM = "duration such as 24h, 1d12h or PT24H"


@dataclass(frozen=True, slots=True)
class Moment:
    """What a caller wrote: the instant, and whether it was a date alone (then the instant is that day's first)."""

    at: int
    date_only: bool


def parse(text: str) -> Moment | None:
    """Read `2015-01-31` or `2015-01-31T23:59:59.0123456Z` (or with an offset); None when it is neither."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, _, sign, ahead, minutes = found.groups()
    if int(ahead or 0) > 23 or int(minutes or 0) > 59:
        return None
    try:
        whole = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        )
    except ValueError:
        return None
    offset = (int(ahead or 0) * HOUR + int(minutes or 0) * MINUTE) * (-1 if sign == "-" else 1)
    at = (whole - _EPOCH) // timedelta(seconds=1) * SECOND + int((fraction or "").ljust(7, "0")) - offset
    return Moment(at, hour is None) if EARLIEST <= at <= LATEST else None


def parse_duration(text: str) -> int | None:
    """Read a duration: ISO 8601 (`PT24H`) or the short form (`24h`); None when it is neither.

    Years and months are refused, because their length is not fixed: `m` is minutes, and so is `M` behind the `T`.
    """
    found = _DURATION.fullmatch(text) or _SHORT_DURATION.fullmatch(text)
    if found is None:
        return None
    ticks = 0
    for amount, unit in zip(found.groups(), _UNITS, strict=True):
        whole, _, fraction = (amount or "0").partition(".")
        ticks += int(whole) * unit + (int(fraction) * unit // 10 ** len(fraction) if fraction else 0)
    return ticks


def seven_digits(at: int) -> str:
    """`2016-10-02T23:59:59.0123456Z`, as The Predictive Index writes instants."""
    return f"{_written(at // SECOND)}.{at % SECOND:07d}Z"


def six_digits(at: int) -> str:
    """`2016-10-02T23:59:59.012345+00:00`, as Python's `isoformat` writes instants."""
    return f"{_written(at // SECOND)}.{at % SECOND // MICROSECOND:06d}+00:00"


@lru_cache(maxsize=64)
def _written(second: int) -> str:
    # Cached: a busy second is written thousands of times.
    return (_EPOCH + timedelta(seconds=second)).isoformat()[:19]


def http_date(at: int) -> bytes:
    """`Sun, 02 Oct 2016 23:59:59 GMT`, for the HTTP header `date` (RFC 9110, section 5.6.7)."""
    return _http_date(at // SECOND)


@lru_cache(maxsize=64)
def _http_date(second: int) -> bytes:
    # Not strftime, whose names depend on the locale, nor email.utils, which takes long to import.
    moment = _EPOCH + timedelta(seconds=second)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[moment.month - 1]
    return f"{day}, {moment.day:02d} {month} {moment.year:04d} {moment:%H:%M:%S} GMT".encode()


def end_of_day(at: int) -> int:
    """The last tick of the day that begins at `at`."""
    return at + DAY - 1
