"""The signing keys behind a sandbox's `webhook_secret`, read as the libraries of Standard Webhooks read it.

The packages of PyPI and npm remove the prefix `whsec_` and decode the rest as Base64, with or without padding. npm's
refuses the URL-safe letters `-` and `_`, which PyPI's skips silently; neither takes an empty key.
"""

import re
from base64 import b64decode

PREFIX = "whsec_"
# npm's package refuses Base64 of fewer letters, padding included.
MIN_LENGTH = 4
_BASE64 = re.compile(r"([A-Za-z0-9+/]+)={0,2}", re.ASCII)
_WITHOUT_PREFIX = (
    "webhook_secret is Base64 without whsec_: the libraries of Standard Webhooks decode it, others take the text "
    "itself as the key; webhooks carry a signature for each; write whsec_ before it to sign with the decoded key only"
)
_PREFIX_NOT_FIRST = (
    "webhook_secret does not begin with whsec_, so the text as it stands is the key; the libraries of Standard "
    "Webhooks cannot verify with it"
)


def flaw(secret: str | None) -> str | None:
    """What is wrong with a secret, and what would be right; None if it is valid."""
    if secret is None or _decode(secret.removeprefix(PREFIX)):
        return None
    if not secret.startswith(PREFIX):
        return None if secret else "must not be empty; null takes the published default"
    text = secret.removeprefix(PREFIX)
    right = "whsec_ must be followed by the key in Base64: letters, digits, + and /"
    if not text.strip("="):
        return f"{right}; no key follows it"
    if re.search(r"[-_]", text):
        return f"{right}; - and _ belong to URL-safe Base64: write + for - and / for _"
    if re.search(r"[^A-Za-z0-9+/=]", text):
        return f"{right}; a text that is no Base64 is a secret without whsec_"
    return f"{right}, with one or two = at its end or none; this has a length that no Base64 has"


def notes(secret: str | None) -> tuple[str, ...]:
    """What a user should know about a valid secret."""
    if secret is None:
        return ()
    if _decode(secret.removeprefix(PREFIX)) is None:
        return (_PREFIX_NOT_FIRST,) if PREFIX in secret.lower() and not secret.startswith(PREFIX) else ()
    if not secret.startswith(PREFIX):
        return (_WITHOUT_PREFIX,)
    if len(secret) - len(PREFIX) < MIN_LENGTH:
        return (f"webhook_secret: npm's package standardwebhooks refuses fewer than {MIN_LENGTH} letters of Base64",)
    return ()


def keys(secret: str) -> tuple[bytes, ...]:
    """The keys that a webhook is signed with, one signature for each."""
    decoded = _decode(secret.removeprefix(PREFIX))
    if decoded is None:
        return (secret.encode(),)
    # Without the prefix it is unknown whether the listener decodes the text.
    return (decoded,) if secret.startswith(PREFIX) else (secret.encode(), decoded)


def _decode(text: str) -> bytes | None:
    """The octets of Base64, padded or not; None if it is none, or is empty."""
    found = _BASE64.fullmatch(text)
    if found is None or len(found[1]) % 4 == 1:
        return None
    return b64decode(found[1] + "=" * (-len(found[1]) % 4))
