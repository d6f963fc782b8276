"""Checks of text that callers send."""

import unicodedata

import pytest

from assessment_simulator.core.text import (
    address_flaw,
    install,
    is_blank,
    lower_uuid,
    meant,
    plus_is_suspect,
    pretty,
    raw_value,
)

BLANK = ("", " ", "\t\r\n", "\u00a0", "\u3000\u2003", "\u200b", "\ufeff", "\u2028\u0085")


@pytest.mark.parametrize("text", [*BLANK, "a", " a ", "0", "\u200ba", "李", "."])
def test_white_space_and_format_characters_are_blank(text: str) -> None:
    assert is_blank(text) is (text in BLANK)


def test_blank_characters_are_those_of_unicode() -> None:
    characters = map(chr, range(0x1_0000))
    assert [c for c in characters if is_blank(c) != (c.isspace() or unicodedata.category(c) == "Cf")] == []


GOOD = (
    "ada@example.com", "ada+completes-in-10s@example.com", "o'brien@localhost", "用户@例え.jp", "a@[127.0.0.1]",
    '"a b"@example.com', '"a@b"@example.com', "sam%40@example.com", "a@हिन्दी.भारत", "a..b@docomo.example",
    "x" * 64 + "@example.com",
)  # fmt: skip
BAD = (
    "not-an-address", "ada.example.com", "@example.com", "ada@", "@", "a@b@example.com", "ada love@example.com",
    "ada@exam ple.com", " ada@example.com", "ada@example.com\t", "Ada <ada@example.com>", "a,b@example.com",
    "ada@example..com", "ada@.example.com", "ada@example.com.", "ada\u00a0x@example.com", "ada@[x", "x" * 65 + "@a.b",
    "a@" + "x" * 260, '"a@example.com', "ada@exa\x00mple.com",
)  # fmt: skip


@pytest.mark.parametrize("text", GOOD + BAD)
def test_invalid_email_address_is_explained(text: str) -> None:
    assert (address_flaw(text) is None) is (text in GOOD)


@pytest.mark.parametrize(
    ("name", "known", "right"),
    [
        ("FirstName", ["firstName"], "firstName"), ("first_name", ["firstName"], "firstName"),
        ("firstName", ["candidate.first_name"], "candidate.first_name"), ("filter", ["$filter"], "$filter"),
        ("First-Name", ["lastName", "firstName"], "firstName"), ("firstName", ["firstName"], None),
        ("forename", ["firstName"], None), ("_", ["firstName"], None), ("", ["firstName"], None),
    ],
)  # fmt: skip
def test_misspelt_name_is_matched_to_a_known_one(name: str, known: list[str], right: str | None) -> None:
    assert meant(name, known) == right


def test_only_uuids_are_lowercased() -> None:
    assert lower_uuid("6AC4D6B5-9A3E-4D0C-8F55-0D5A3F6D2B10") == "6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10"
    for text in ("ABC", "6AC4D6B59A3E4D0C8F550D5A3F6D2B10", "{6AC4D6B5-9A3E-4D0C-8F55-0D5A3F6D2B1}", "X" * 36):
        assert lower_uuid(text) == text


@pytest.mark.parametrize(
    ("query", "quoted", "certain", "suspect"),
    [
        ("f=email%20eq%20'ada+x@example.com'", True, False, True),
        ("f=email+eq+%27ada+x%40example.com%27", True, False, True),
        ("f=externalId%20eq%20'a+b'", True, False, True),
        ("f=title+eq+'Account+Executive'", True, False, False),
        ("f=title+eq+'Account+Executive'", True, True, True),
        ("f=title+eq+'Team+%40+Work'", True, False, False),
        ("f=email+eq+'ada%2Bx@example.com'", True, True, False),
        ("f=ada+x@example.com", False, False, True),
        ("f=ada+lovelace", False, False, False),
        ("f=ada%20love+lace", False, False, True),
        ("g=ada+x@example.com", False, False, False),
        ("f=1&%66=ada+x@example.com", False, False, True),
        ("", False, True, False),
    ],
)  # fmt: skip
def test_plus_is_suspect_where_a_blank_makes_no_sense(query: str, quoted: bool, certain: bool, suspect: bool) -> None:
    assert plus_is_suspect(raw_value(query, "f"), quoted=quoted, certain=certain) is suspect


def test_a_body_for_people_is_json_with_line_breaks_or_its_text() -> None:
    assert pretty({"a": "é"}) == '{\n  "a": "é"\n}'
    assert pretty("a=1") == "a=1"


def test_an_extra_is_installed_from_a_clone_or_by_name() -> None:
    assert install("tls") == "pip install 'assessment-simulator[tls]', or '.[tls]' in a clone"
