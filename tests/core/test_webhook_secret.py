"""The keys behind `webhook_secret`: what is refused, what gets a note, and what signs."""

from base64 import b64decode

import pytest

from assessment_simulator.core import webhook_secret

REFUSED = {
    "": "must not be empty",
    "whsec_": "no key follows",
    "whsec_==": "no key follows",
    "whsec_YWJj-_": "write + for - and / for _",
    "whsec_a b": "a text that is no Base64 is a secret without whsec_",
    "whsec_YWJjZ": "a length that no Base64 has",
}


@pytest.mark.parametrize("secret", REFUSED)
def test_a_secret_without_a_key_is_refused_with_what_is_right(secret: str) -> None:
    assert REFUSED[secret] in (webhook_secret.flaw(secret) or "")


@pytest.mark.parametrize("secret", [None, "a plain secret", "whsec_YWJjZA", "whsec_YWJjZA==", "YWJjZA"])
def test_other_secrets_are_accepted(secret: str | None) -> None:
    assert webhook_secret.flaw(secret) is None


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        (None, None), ("a plain secret", None), ("whsec_YWJjZA", None), ("whsec_-_", None),
        ("YWJjZA", "Base64 without whsec_"), ("YWJjZA==", "write whsec_ before it"), ("whsec_YQ", "fewer than 4"),
        (" whsec_YWJj", "does not begin with whsec_"), ("WHSEC_abcd", "does not begin"),
        ("v1,whsec_YWJj", "as it stands"),
    ],
)  # fmt: skip
def test_a_webhook_secret_that_a_library_reads_otherwise_has_a_note(secret: str | None, words: str | None) -> None:
    found = webhook_secret.notes(secret)
    assert (len(found), all(words is not None and words in note for note in found)) == (0 if words is None else 1, True)


@pytest.mark.parametrize(
    ("secret", "keys"),
    [
        ("a plain secret", (b"a plain secret",)), ("whsec_YWJjZA", (b64decode("YWJjZA=="),)),
        ("YWJjZA==", (b"YWJjZA==", b64decode("YWJjZA=="))),
    ],
)  # fmt: skip
def test_a_secret_signs_with_its_text_its_decoded_key_or_both(secret: str, keys: tuple[bytes, ...]) -> None:
    assert webhook_secret.keys(secret) == keys
