"""Text that callers send: checks of blank text, UUIDs, misspelt names, e-mail addresses and blanks made by a `+`.

And how to install an extra of this package, for messages about a missing one.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import unquote, unquote_plus

# The form of a sandbox's name.
SANDBOX_NAME = re.compile(r"[a-z0-9-]{1,64}", re.ASCII)
# A character that is neither white space nor a format character (U+200B), as a pattern of JSON Schema. It lists the
# characters, because engines of regular expressions disagree about `\S` (U+0085, U+001C, U+FEFF). Format characters
# beyond U+FFFF have no form that all engines read, so they count as visible.
VISIBLE = (
    r"[^\u0009-\u000d\u001c-\u0020\u0085\u00a0\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u1680"
    r"\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u206f\u3000\ufeff\ufff9-\ufffb]"
)
_VISIBLE = re.compile(VISIBLE)
_CUT = 40
_MOST = 5
_MOST_LISTED = 20
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_SEPARATORS = re.compile(r"[\W_]+")


def install(extra: str) -> str:
    """How to install an extra of this package."""
    return f"pip install 'assessment-simulator[{extra}]', or '.[{extra}]' in a clone"


def is_blank(text: str) -> bool:
    """Whether a text is white space and format characters (U+200B) only. The empty text is blank."""
    if text[:1].isalnum():  # nearly every text, and each creation pays for several
        return False
    return _VISIBLE.search(text) is None


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID in its usual form, with letters of either case."""
    return len(text) == 36 and _UUID.fullmatch(text) is not None


def lower_uuid(text: str) -> str:
    """The UUID in lower case, as this program writes UUIDs; any other text unchanged."""
    return text if text.islower() or not is_uuid(text) else text.lower()


def pretty(value: Any) -> str:
    """A parsed body for people: JSON with line breaks, text unchanged."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def plain(name: object) -> str:
    """Text of a caller for a message: at most 40 characters, escaped to ASCII."""
    return ascii(str(name)[:_CUT])[1:-1][:_CUT]


def folded(name: str) -> str:
    """A name without letter case and separators, which are what people misspell."""
    return _SEPARATORS.sub("", name).casefold()


def meant(name: str, known: Iterable[str]) -> str | None:
    """The known name that differs from `name` in letter case and separators only; a dotted one by its last part too."""
    names, wanted = [*known], folded(name)
    if not wanted or name in names:
        return None
    same = (one for one in names if folded(one) == wanted)
    inner = (one for one in names if folded(one.rpartition(".")[2]) == wanted)
    return next(same, None) or next(inner, None)


def choice_of(value: object, known: Sequence[str], what: str) -> str:
    """The hint about a value that is none of the known names: the one that was probably meant, and what is known."""
    right = meant(value, known) if isinstance(value, str) else None
    more = f" and {len(known) - _MOST_LISTED} more" if len(known) > _MOST_LISTED else ""
    listed = f"{what}: {', '.join(known[:_MOST_LISTED])}{more}" if known else f"{what}: none"
    return f"did you mean {right}? {listed}" if right else listed


def ignored(place: str, name: str, known: Iterable[str], kind: str = "member") -> str:
    """The note about a member or parameter that was ignored because no document names it."""
    right = meant(name, known)
    hint = f"; did you mean {right}?" if right else ""
    return f"{place}.{plain(name)} is not a documented {kind}; it was ignored{hint}"


def all_ignored(place: str, names: Iterable[str], known: Iterable[str], kind: str = "member") -> tuple[str, ...]:
    """The notes about those names that no document knows, at most five."""
    right = [*known]
    return tuple(ignored(place, name, right, kind) for name in [name for name in names if name not in right][:_MOST])


# RFC 5321 and 5322, without comments; RFC 6531 allows characters outside ASCII on both sides of the @.
_SPECIAL = r"\s\x00-\x1f\x7f-\x9f()<>\[\]:;@\\,\""
_LOCAL = re.compile(rf'[^{_SPECIAL}]+|"(?:[^"\\\x00-\x1f]|\\[ -~])*"')
_DOMAIN = re.compile(rf"[^{_SPECIAL}.]+(?:\.[^{_SPECIAL}.]+)*|\[[0-9A-Za-z:.]+\]")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_LONGEST_LOCAL, _LONGEST = 64, 254
# Nearly every address: one match decides.
_USUAL = re.compile(r"[A-Za-z0-9.+_-]{1,64}@[A-Za-z0-9-]{1,60}(?:\.[A-Za-z0-9-]{1,60}){1,2}")


def address_flaw(text: str) -> str | None:
    """Why a text cannot be an e-mail address, in a few words; None for what can be one."""
    if _USUAL.fullmatch(text):
        return None
    local, at, domain = text.rpartition("@")
    if not at:
        return "it has no @"
    if text != text.strip():
        return "it begins or ends with white space"
    if not local or not domain:
        return f"nothing stands {'before' if not local else 'after'} the @"
    if "@" in _QUOTED.sub("", local):
        return "it has more than one @"
    if not _LOCAL.fullmatch(local):
        return "what stands before the @ has characters that an address cannot have there"
    if not _DOMAIN.fullmatch(domain):
        return "what stands after the @ is not a host name"
    if len(local.encode(errors="replace")) > _LONGEST_LOCAL or len(text.encode(errors="replace")) > _LONGEST:
        return f"it is longer than {_LONGEST_LOCAL} octets before the @, or {_LONGEST} in all"
    return None


def address_note(place: str, value: object) -> tuple[str, ...]:
    """The note about an accepted text that cannot be an e-mail address; none for other values and good addresses."""
    flaw = address_flaw(value) if isinstance(value, str) and value else None
    return () if flaw is None else (f"{place} cannot be an e-mail address: {flaw}; it was accepted",)


# A `+` in a query arrives as a blank (application/x-www-form-urlencoded), and some clients forget to escape it.
PLUS = "a + in a URL arrives as a blank; send a plus as %2B"
_BROKEN_ADDRESS = re.compile(r"[^\s@]+(?: [^\s@]+)+@[^\s@]+")
_QUOTE = re.compile(r"'((?:[^']|'')*)'")


def raw_value(raw_query: str, name: str) -> str:
    """The value of a query parameter as it was sent, still escaped; of several the last."""
    pairs = (pair.partition("=") for pair in raw_query.split("&"))
    return next((value for key, _, value in [*pairs][::-1] if unquote_plus(key) == name), "")


def plus_is_suspect(raw: str, *, quoted: bool, certain: bool = False) -> bool:
    """Whether a `+` in an escaped query value was probably meant as a plus, not as a blank.

    That is so where the same value has blanks written as %20, or where the blank breaks an e-mail address. With
    `certain` every `+` counts. With `quoted` only those within '…' count, as in a filter.
    """
    if "+" not in raw:
        return False
    mixed = certain or "%20" in raw
    texts = _QUOTE.findall(raw.replace("%27", "'")) if quoted else [raw]
    return any("+" in text and (mixed or _BROKEN_ADDRESS.fullmatch(unquote(text.replace("+", " ")))) for text in texts)
