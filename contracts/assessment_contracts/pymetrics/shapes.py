"""What the vendor's answers look like: every member there, none besides, each of its type."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from assessment_contracts.wire import Answer

Check = Callable[[Any, str], None]
"""Asserts that a value is right; the text says where it stands."""

STATUSES = ("Rejected", "Pending", "Accepted", "Not Started", "In Progress", "Completed", "Fulfilled", "Expired")
TYPES = ("games", "video_interview", "nlr")
BANDS = ("Highly Recommended", "Recommended", "Not Recommended")
LONGEST_URL = 65_536

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", re.ASCII)


def text(value: Any, place: str) -> None:
    """A string."""
    assert isinstance(value, str), f"{place} is no string: {value!r}"


def words(value: Any, place: str) -> None:
    """A string that says something."""
    text(value, place)
    assert value.strip(), f"{place} says nothing: {value!r}"


def boolean(value: Any, place: str) -> None:
    """True or false."""
    assert isinstance(value, bool), f"{place} is no boolean: {value!r}"


def number(value: Any, place: str) -> None:
    """A number."""
    assert type(value) in (int, float), f"{place} is no number: {value!r}"


def mapping(value: Any, place: str) -> None:
    """An object with any members."""
    assert isinstance(value, dict), f"{place} is no object: {value!r}"


def uuid(value: Any, place: str) -> None:
    """A UUID in its usual form."""
    text(value, place)
    assert str(UUID(value)) == value, f"{place} is no UUID: {value!r}"


def url(value: Any, place: str) -> None:
    """A URL that a browser can follow, no longer than documented."""
    text(value, place)
    parts = urlsplit(value)
    assert parts.scheme in ("http", "https"), f"{place} is no web address: {value!r}"
    assert parts.netloc, f"{place} has no host: {value!r}"
    assert len(value) <= LONGEST_URL, f"{place} is {len(value)} characters long"
    assert not re.search(r"[^!-~]|[{}<>]", value), f"{place} has what an address may not: {value!r}"


def instant(value: Any, place: str) -> None:
    """An instant as Python's `isoformat` writes it, with six digits and an offset."""
    text(value, place)
    assert _INSTANT.fullmatch(value), f"{place} is no such instant: {value!r}"
    moment(value)


def moment(value: str) -> datetime:
    """The instant that a text of either API means, to the microsecond."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))


def written(at: datetime) -> str:
    """An instant as pymetrics writes it."""
    return at.isoformat(timespec="microseconds")


def duration(span: timedelta) -> str:
    """A span of time as the control API reads it."""
    seconds, micros = divmod(span // timedelta(microseconds=1), 1_000_000)
    return f"PT{seconds}.{micros:06d}S"


def one_of(*values: Any) -> Check:
    """One of a closed list, in exactly this case."""

    def check(value: Any, place: str) -> None:
        assert any(type(value) is type(one) and value == one for one in values), (
            f"{place} is none of {values}: {value!r}"
        )

    return check


def nullable(inner: Check) -> Check:
    """Null, or what `inner` asks for."""

    def check(value: Any, place: str) -> None:
        if value is not None:
            inner(value, place)

    return check


def items(inner: Check, least: int = 0) -> Check:
    """A list of at least so many, each as `inner` asks."""

    def check(value: Any, place: str) -> None:
        assert isinstance(value, list), f"{place} is no list: {value!r}"
        assert len(value) >= least, f"{place} holds {len(value)}, not {least} or more"
        for at, one in enumerate(value):
            inner(one, f"{place}[{at}]")

    return check


def record(**members: Check) -> Check:
    """An object with these members and no others."""

    def check(value: Any, place: str) -> None:
        mapping(value, place)
        lacks, more = sorted(members.keys() - value.keys()), sorted(value.keys() - members.keys())
        assert not lacks, f"{place} lacks {', '.join(lacks)}"
        assert not more, f"{place} has besides {', '.join(more)}"
        for name, inner in members.items():
            inner(value[name], f"{place}.{name}")

    return check


TOKEN = record(access_token=words, token_type=one_of("Bearer"), expires_in=one_of(3600), scope=words)
ASSESSMENT = record(id=words, type=one_of(*TYPES), description=text)
CONFIGURATION = record(assessments=items(ASSESSMENT))
RESULT = record(
    assessment=ASSESSMENT, create_date=instant, description=nullable(text), score=nullable(number), band=nullable(text),
)  # fmt: skip
_REPORT_V1 = record(download_url=url, create_date=instant, modify_date=instant)


def report(value: Any, place: str) -> None:
    """A report as either version shows it: `report_type` is a member of version 2 only."""
    mapping(value, place)
    if "report_type" in value:
        one_of("recruiter-report", "development-report")(value["report_type"], f"{place}.report_type")
    _REPORT_V1({name: inner for name, inner in value.items() if name != "report_type"}, place)


ORDER = record(
    id=uuid,
    invite_link=url,
    status=one_of(*STATUSES),
    create_date=instant,
    candidate=record(
        email=nullable(text), first_name=nullable(text), last_name=nullable(text), external_id=nullable(text)
    ),
    assessment_id=words,
    assessment=ASSESSMENT,
    application_id=text,
    ats_type=one_of("mercury_api"),
    requisition_id=nullable(text),
    requisition_title=nullable(text),
    metadata=nullable(mapping),
    recruiter_report=nullable(url),
    results=nullable(items(RESULT)),
    reports=nullable(items(report, least=1)),
    candidate_redirect_url=nullable(text),
)
"""An order, everywhere that one is shown."""

FACTORS = record(
    order=record(id=uuid, status=one_of(*STATUSES), assessment_id=words, implementation_id=words),
    factors=items(
        record(
            name=words, definition=words, quadrant=words, high_label=words, low_label=words,
            model_directions=items(record(assessment=ASSESSMENT, direction=words), least=1),
            development_report_factor_content=nullable(record(
                results=words, strengths=words, opportunities=words, maximize_strengths=items(words),
                ways_to_develop=items(words),
            )),
        ),
        least=1,
    ),
)  # fmt: skip
CAPABILITIES = record(
    title=words,
    overall_capabilities_alignment=one_of("Low Alignment", "Moderate Alignment", "High Alignment"),
    capabilities=items(
        record(
            label=words, description=words, icon=words, quintile=one_of("1", "2", "3", "4", "5"),
            behaviors_exhibited=items(items(words), least=1), ways_to_develop=items(words), ways_to_lead=items(words),
            learning_content=items(record(title=words, link=url, type=words, language_code=words)),
        ),
        least=1,
    ),
)  # fmt: skip
ENVELOPE = record(request_id=words, recoverable=boolean, message=words)
WEBHOOK = record(type=one_of("order.status_changed"), timestamp=instant, data=ORDER)


def refusal(answer: Answer) -> None:
    """The vendor's own way to say no: the envelope, everywhere but where a key is asked for."""
    assert answer.headers.get("content-type") == "application/json", answer.headers.get("content-type")
    ENVELOPE(answer.json, "the error")
    assert answer.json["recoverable"] is (answer.status == 429), "only a 429 can be repeated as it is"
    if answer.status == 429:
        assert answer.headers.get("retry-after") == "60", f"Retry-After is {answer.headers.get('retry-after')!r}"


def forbidden(answer: Answer) -> None:
    """The gateway's answer where the key is not known, which is not the envelope."""
    assert answer.headers.get("content-type") == "application/json", answer.headers.get("content-type")
    assert answer.json == {"message": "Forbidden"}, answer.text
