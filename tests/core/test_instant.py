"""Instants and durations: parsing, formatting, and round trips."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment_simulator.core import instant

INSTANTS = st.integers(instant.EARLIEST, instant.LATEST)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

READ = [
    ("1970-01-01T00:00:00Z", 0),
    ("1970-01-01T00:00:00.0000001Z", 1),
    ("1970-01-01T00:00:00.1Z", 1_000_000),
    ("1970-01-01T00:00:00.0123456Z", 123_456),
    ("1970-01-01T00:00:00+00:00", 0),
    ("1970-01-01T00:00:00-00:00", 0),
    ("1970-01-01T01:30:00+01:30", 0),
    ("1969-12-31T23:00:00-01:00", 0),
    ("1970-01-01T23:59:00+23:59", 0),
    ("1969-12-31T23:59:59.9999999Z", -1),
    ("0001-01-01T00:00:00Z", instant.EARLIEST),
    ("9999-12-31T23:59:59.9999999Z", instant.LATEST),
    ("2024-02-29T00:00:00Z", 1_709_164_800 * instant.SECOND),
]

DATES = [("1970-01-01", 0), ("1970-01-02", instant.DAY), ("9999-12-31", instant.LATEST + 1 - instant.DAY)]

REFUSED = [
    "", " ", "now", "2015", "2015-01", "2015-1-31", "15-01-31", "20150131", "2015/01/31", "31.01.2015", "2015-01-32",
    "2015-02-29", "2015-13-01", "2015-00-01", "0000-01-01", "10000-01-01", "-001-01-01", "2015-01-31T", "2015-01-31Z",
    "2015-01-31T23:59:59", "2015-01-31T23:59:59.5", "2015-01-31 23:59:59Z", "2015-01-31t23:59:59Z",
    "2015-01-31T23:59:59z", "2015-01-31T23:59Z", "2015-01-31T24:00:00Z", "2015-01-31T23:60:00Z", "2015-01-31T23:59:60Z",
    "2015-01-31T23:59:59.Z", "2015-01-31T23:59:59,5Z", "2015-01-31T23:59:59.01234567Z", "2015-01-31T23:59:59+0100",
    "2015-01-31T23:59:59+24:00", "2015-01-31T23:59:59+01:60", "2015-01-31T23:59:59+1:00", "2015-01-31T23:59:59Z ",
    " 2015-01-31T23:59:59Z", "2015-01-31T23:59:59Z\n", "2015-01-31\n", "2015-01-31T23:59:59ZZ",
    "2015-01-31T23:59:59Z+01:00", "\u0662\u0660\u0661\u0665-\u0660\u0661-\u0663\u0661", "\uff12015-01-31",
    "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
]  # fmt: skip


@pytest.mark.parametrize(("text", "at"), READ)
def test_instant_is_parsed_to_the_tick(text: str, at: int) -> None:
    assert instant.parse(text) == instant.Moment(at, date_only=False)


@pytest.mark.parametrize(("text", "at"), DATES)
def test_date_is_parsed_as_its_first_tick(text: str, at: int) -> None:
    assert instant.parse(text) == instant.Moment(at, date_only=True)


@pytest.mark.parametrize("text", REFUSED)
def test_invalid_instants_are_none(text: str) -> None:
    assert instant.parse(text) is None


@given(st.text())
def test_no_text_whatever_raises(text: str) -> None:
    moment, span = instant.parse(text), instant.parse_duration(text)
    assert moment is None or instant.EARLIEST <= moment.at <= instant.LATEST
    assert span is None or span >= 0


@given(INSTANTS)
def test_seven_digits_round_trip(at: int) -> None:
    text = instant.seven_digits(at)
    assert (len(text), text[10], text[-1]) == (28, "T", "Z")
    assert instant.parse(text) == instant.Moment(at, date_only=False)


@given(INSTANTS)
def test_six_digits_round_down_to_the_microsecond(at: int) -> None:
    text = instant.six_digits(at)
    assert (len(text), text[-6:]) == (32, "+00:00")
    assert instant.parse(text) == instant.Moment(at - at % instant.MICROSECOND, date_only=False)


@given(INSTANTS, st.integers(-1_439, 1_439))
def test_offset_is_applied(at: int, minutes: int) -> None:
    local = at + minutes * instant.MINUTE
    if not instant.EARLIEST <= local <= instant.LATEST:
        return
    ahead = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    assert instant.parse(instant.seven_digits(local)[:-1] + ahead) == instant.Moment(at, date_only=False)


@given(INSTANTS, INSTANTS)
def test_text_order_is_time_order(one: int, other: int) -> None:
    assert (one < other) == (instant.seven_digits(one) < instant.seven_digits(other))


@given(INSTANTS)
def test_http_date_equals_that_of_the_standard_library(at: int) -> None:
    moment = EPOCH + timedelta(seconds=at // instant.SECOND)
    assert instant.http_date(at) == format_datetime(moment, usegmt=True).encode()


@given(st.dates())
def test_end_of_day_is_its_last_tick(day: object) -> None:
    moment = instant.parse(str(day))
    assert moment is not None
    assert instant.seven_digits(instant.end_of_day(moment.at)) == f"{day}T23:59:59.9999999Z"


DURATIONS = [
    ("PT0S", 0),
    ("PT24H", instant.DAY),
    ("P1D", instant.DAY),
    ("P10D", 10 * instant.DAY),
    ("P1W", instant.WEEK),
    ("P1W2DT3H4M5S", instant.WEEK + 2 * instant.DAY + 3 * instant.HOUR + 4 * instant.MINUTE + 5 * instant.SECOND),
    ("PT59M59S", instant.HOUR - instant.SECOND),
    ("PT0.5S", instant.SECOND // 2),
    ("PT1.5H", 90 * instant.MINUTE),
    ("P0.5W", instant.WEEK // 2),
    ("PT0.0000001S", 1),
    ("PT0.00000019S", 1),
    ("PT090M", 90 * instant.MINUTE),
    ("24h", instant.DAY),
    ("1w2d3h4m5s", instant.WEEK + 2 * instant.DAY + 3 * instant.HOUR + 4 * instant.MINUTE + 5 * instant.SECOND),
    ("1d12h", 36 * instant.HOUR),
    ("1.5s", 3 * instant.SECOND // 2),
    ("0s", 0),
]

NO_DURATIONS = [
    "", "P", "PT", "P1", "1D", "P1DT", "PT1", "PD", "PTS", "P-1D", "-P1D", "+PT1S", "p1d", "PT1s", "P1H", "P1S", "PT1D",
    "P1Y", "P1M", "P1Y2M", "PT5S1M", "P1D1W", "PT1,5S", "PT.5S", "PT1.S", "PT 1S", " PT1S", "PT1S ", "PT1S\n",
    "PT\u0661S", "24", "h", "24H", "1h1d", "1h 1m", "-1h", "1y", "24h\n", "\u0661h", "PT1e3S", "PT0x1S", "PTT1S",
    "P1DT\n",
]  # fmt: skip


@pytest.mark.parametrize(("text", "ticks"), DURATIONS)
def test_duration_is_parsed_to_the_tick(text: str, ticks: int) -> None:
    assert instant.parse_duration(text) == ticks


@pytest.mark.parametrize("text", NO_DURATIONS)
def test_invalid_durations_are_none(text: str) -> None:
    assert instant.parse_duration(text) is None


@pytest.mark.parametrize("digits", [5_000, 100_000])
@pytest.mark.parametrize("form", ["PT{}S", "P{}W", "PT0.{}S", "P1DT{}.{}H", "{}h", "1d{}.{}s"])
def test_duration_with_very_many_digits_does_not_raise(form: str, digits: int) -> None:
    span = instant.parse_duration(form.replace("{}", "9" * digits))
    assert span is None or span >= 0


@given(st.integers(0, 999_999_999_999_999))
def test_seven_decimals_of_a_duration_are_exact(ticks: int) -> None:
    text = f"PT{ticks // instant.SECOND}.{ticks % instant.SECOND:07d}S"
    assert instant.parse_duration(text) == ticks
