"""Valid requests for clients, plain and unusual ones."""

from typing import Any

from hypothesis import strategies as st

ASSESSMENT = "6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10"
"""The first assessment that a new sandbox has."""

NAMES = st.sampled_from(
    [
        "Ada",
        "Zoë",
        "O'Brien",
        "李小龙",
        'a"b\\c',
        " two  blanks ",
        "<b>&amp;</b>",
        "👩‍🚀",
        "e\u0301",
        "null",
        "%41+&=?#",
    ]
)
TEXTS = NAMES | st.text(st.characters(exclude_categories=("Cs", "Cc"), max_codepoint=0x1F6FF), min_size=1, max_size=8)
EMAILS = st.sampled_from(
    ["ada@example.com", "Zoe.Smith@example.org", "o'brien@example.net", "a_b-c.9@mail.example.com"]
)
URLS = st.sampled_from(
    ["https://example.com/thanks", "https://example.com/a%20b?x=1&y=%C3%A9#end", "http://example.org"]
)
_LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.sampled_from([0.1, -2.5, 1e-7]) | TEXTS
METADATA = st.dictionaries(
    TEXTS, _LEAVES | st.lists(_LEAVES, max_size=2) | st.dictionaries(TEXTS, _LEAVES, max_size=2), max_size=3
)


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    """An order, with some of the members that may be left out."""
    candidate = {"email": draw(EMAILS)} | draw(_some(first_name=NAMES, last_name=TEXTS, external_id=TEXTS))
    return {
        "candidate": candidate,
        "assessment_id": ASSESSMENT,
        "application_id": draw(TEXTS),
        **draw(
            _some(
                requisition_id=TEXTS, requisition_title=TEXTS, metadata=METADATA, candidate_redirect_url=URLS,
                send_email=st.booleans(),
            )
        ),
    }  # fmt: skip


def order(number: int = 1) -> dict[str, Any]:
    """A plain order, another for each number."""
    return {
        "candidate": {"email": "ada@example.com", "external_id": "candidate-1"},
        "assessment_id": ASSESSMENT,
        "application_id": f"application-{number}",
    }


INSTANTS = st.sampled_from(
    ["2100-01-31T23:59:59.0123456Z", "2100-01-31T00:00:00.0000001Z", "2100-12-31T23:59:59.9999999Z", "2100-06-30"]
)


@st.composite
def assessments(draw: st.DrawFn) -> dict[str, Any]:
    """A behavioural assessment of a new person, with some of the members that may be left out."""
    administrator = {
        "administeredByFirstName": "Grace", "administeredByLastName": "Hopper",
        "administeredByEmail": "grace@example.com",
    }  # fmt: skip
    return {
        "firstName": draw(NAMES),
        "lastName": draw(TEXTS),
        "email": draw(EMAILS),
        **draw(
            _some(
                middleName=NAMES, expirationDateTime=INSTANTS, gender=st.integers(0, 2),
                personType=st.sampled_from(["Unknown", "Candidate", "Other", "Employee", "Former Employee"]),
                associatedPositionTitle=st.sampled_from(["Account Executive", "Software Engineer"]),
                folderPath=st.sampled_from(["\\Example Company\\Some Folder", "\\Example Company"]),
                languageLocale=st.sampled_from(["en-US", "zu-ZA"]),
                notifyAssessmentAvailableUsingEmail=st.integers(0, 1),
                externalId=TEXTS, externalPersonId=TEXTS, redirectUrl=URLS,
                customFields=st.just([{"fieldName": "Favorite Color", "fieldValue": "Blau & Grün"}]),
            )
        ),
        **(administrator if draw(st.booleans()) else {}),
    }  # fmt: skip


def assessment(**more: Any) -> dict[str, Any]:
    """A plain assessment."""
    return {"firstName": "Grace", "lastName": "Hopper", "email": "grace@example.com", **more}


def _some(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)
