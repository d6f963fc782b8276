"""What callers may send: right bodies with all that is awkward in them, and values that are wrong in one known way."""

from typing import Any
from unicodedata import category

from hypothesis import strategies as st

from assessment_contracts.pymetrics.api import VERSIONS, Which

TEXTS = (
    "Ada", "", " ", "O'Brien \"quoted\" \\ back/slash", "Þórður Ægisson", "李小龍", "🧪👩🏽‍🔬", "e\u0301",
    "\u202eright to left", "line\nbreak\ttab", "null", "0", "<b>&amp;</b>", "%20+;=&?#", "{braces} $dollar", "x" * 300,
    "\u0000\u001f", "\ufffe",
)  # fmt: skip
"""Words that have broken a program somewhere."""

JSON_LEAVES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e-7, 5.0, -1.0, 0.0, 1e21, 2**53, 10**21, "", "Ada", "null", "李", "\ud7ff", [], {},
    [[]], [{}], {"": None}, {"a": []}, {"a": {}},
)  # fmt: skip
NAMES = ("", "a", "A", "id", "status", "metadata", "a.b", "a b", "ключ", "$ref", "__proto__", "x" * 80)

texts = st.sampled_from(TEXTS) | st.text(max_size=6)
versions = st.sampled_from(VERSIONS)
local_parts = st.sampled_from(
    ("ada", "Ada.Lovelace", "ada+news", "o'brien", "ünïcode", "a" * 60, "ada.+", "1", "x_y-z", "+")
)
"""What stands before the @: no tag among them steers an outcome."""
emails = local_parts.map(lambda name: f"{name}@example.com")
urls = st.sampled_from((
    "https://ats.example.com/back?x=1&y=%20#top", "http://localhost:8080/", "myapp://back/here", "ftp://example.com/x",
    "HTTPS://EXAMPLE.COM", "http://[::1]:8/", "https://example.com/" + "a" * 2_000, "https://user:pw@example.com/ü",
))  # fmt: skip
redirects = urls | st.integers(20, 65_536).map(lambda size: "https://example.com/" + "a" * (size - 20))
leaves = st.sampled_from(JSON_LEAVES)
names = st.sampled_from(NAMES)
nested = leaves | st.dictionaries(names, leaves, max_size=2) | st.lists(leaves, max_size=2)
metadata = st.dictionaries(names, nested, max_size=3)
"""Anything at all, as long as it is an object."""

maybe_text = st.none() | texts


def is_name(text: str | None) -> bool:
    """What a name may be: not sent, empty, or with something to see in it."""
    return not text or any(not (c.isspace() or category(c) == "Cf") for c in text)


maybe_name = maybe_text.filter(is_name)


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    """A valid order: each optional member is there, null, or absent. It sends no mail."""
    candidate: dict[str, Any] = {"email": draw(emails)}
    body: dict[str, Any] = {
        "candidate": candidate,
        "assessment_id": Which(draw(st.integers(0, 2))),
        "application_id": draw(texts),
    }
    present = draw(st.integers(0, 255))
    for bit, (inner, name, values) in enumerate(_OPTIONAL):
        if present >> bit & 1:
            (candidate if inner else body)[name] = draw(values)
    return body


_OPTIONAL: tuple[tuple[bool, str, st.SearchStrategy[Any]], ...] = (
    (True, "first_name", maybe_name),
    (True, "last_name", maybe_name),
    (True, "external_id", maybe_text),
    (False, "send_email", st.sampled_from((False, None))),
    (False, "requisition_id", maybe_text),
    (False, "requisition_title", maybe_text),
    (False, "metadata", st.none() | metadata),
    (False, "candidate_redirect_url", st.none() | urls),
)

PLAIN: dict[str, Any] = {
    "candidate": {
        "email": "ada.lovelace@example.com", "first_name": "Ada", "last_name": "Lovelace", "external_id": "candidate-7",
    },
    "assessment_id": Which(0),
    "application_id": "application-42",
    "send_email": False,
}  # fmt: skip
"""An order like any other, for properties that are about something else."""

plain_orders = st.builds(
    lambda email, which: {
        **PLAIN, "candidate": {**PLAIN["candidate"], "email": email}, "assessment_id": Which(which)
    },
    emails, st.integers(0, 2),
)  # fmt: skip

BEARER_LESS = (None, "", "Bearer", "Bearer ", "Basic {token}", "{token}", "Token {token}")
STRANGE_TOKENS = ("{token}0", "{token} {token}", "x", "sim-nobody.1.2.3", "...", "{token}.{token}", "0{token}", "null")
"""`{token}` stands for the caller's own; None is for a header that is not sent."""

INSTANTS = (
    "2026-01-01T00:00:00Z", "2024-02-29T23:59:59.999999Z", "2026-11-01T12:34:56.000001Z", "1999-12-31T23:59:59.5Z",
    "2038-01-19T03:14:08Z", "2100-06-15T06:07:08.123456Z", "1970-01-01T00:00:00Z",
)  # fmt: skip
instants = st.sampled_from(INSTANTS)
ACTIONS = ("accept", "reject", "start", "complete", "expire")
