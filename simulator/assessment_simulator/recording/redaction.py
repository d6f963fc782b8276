"""Replaces secrets and personal data in a recorded call by stand-ins of the same type and length.

A stand-in is made of a keyed hash of the value (BLAKE2), so one person has the same stand-in everywhere in a recording.
The key is never written: without it, no list of names leads back to the values.

What is replaced: values at places whose name says what they are (headers, members, parameters); values with a form of
their own (e-mail addresses, phone numbers, tokens, links); whatever was replaced at a named place, wherever it occurs
again; base64 of texts and files; and text that is neither JSON nor a form, as a whole, because nothing says what it
holds. JSON in strings and forms are read and written again. Files become empty ones. UUIDs, dates, numbers and short
ids stay, because a comparison needs them.
"""

import base64
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, unquote, unquote_plus, urlsplit, urlunsplit

from assessment_simulator.core.text import is_uuid

# Parts of the names of secrets and of personal data, and whole names; without letter case and separators.
_SECRET = re.compile(
    r"token(?!type)|secret|passw|passphrase|apikey|privatekey|accesskey|signingkey|authorization|credential|cookie"
    r"|session(?!type)|signature|pwd$|^clientid$|^(?:key|auth|jwt|pin|otp|sig|ticket)$|key$"
)
_PERSONAL = re.compile(
    r"firstname|lastname|middlename|fullname|givenname|familyname|surname|displayname|sortname|username|nickname"
    r"|e?mail|phone|mobile|birth|streetaddress|ssn|^(?:name|tel|fax|address|city|street|photo|avatar)$"
)
# Members and parameters that hold whatever a client wants to keep or find.
_ANYTHING = ("metadata", "search")
# Headers that are shown, though as texts: they describe the message. Of any other header the value is replaced.
_SHOWN = frozenset(
    "accept accept-charset accept-language accept-ranges age allow cache-control content-encoding "
    "content-language content-length content-range content-type date expect expires if-modified-since last-modified "
    "link location odata-version pragma prefer range retry-after server user-agent vary www-authenticate "
    "x-ratelimit-limit x-ratelimit-remaining x-ratelimit-reset".split()
)
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_EMAIL = re.compile(r"[^\s\"'<>()\[\],;:=&@/\\]{1,64}(?:@|%40)[^\W_](?:[\w-]*[^\W_])?(?:\.[\w-]+)+")
# International, or grouped by blanks, dots, hyphens or brackets; plain digits may be an order's number.
_PHONE = re.compile(
    r"(?<![\w.+-])(?:\+\d[\d ().-]{6,18}\d|\(\d{2,5}\)[ .-]?\d{3,4}[ .-]?\d{3,4}|\d{3}[ .-]\d{3}[ .-]\d{4})(?![\w-])"
)
_TOKEN = re.compile(
    r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]+\.?[\w-]*|(?<![\w-])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?!\w)"
    r"|(?<![\w-])(?:sk|pk|rk|gh[pousr]|github_pat|glpat|xox[abposr]|npm|pypi|AC|SK)[-_](?=[\w-]*\d)[\w-]{10,}"
    r"|(?<=[Bb]earer )[\w.~+/=-]{8,}|(?<=[Bb]asic )[\w+/=]{8,}"
    r"|-----BEGIN [A-Z ]+-----[\s\S]+?(?:-----END [A-Z ]+-----|\Z)"
)
_LINK = re.compile(r"https?:(?:\\?/){2}[^\s\"'<>]+", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^\s/@\"']+(?=@)")
# A run that may be a key or base64; `_hides` decides.
_RUN = re.compile(rf"(?<![\w+/=-])(?!{_UUID}(?![\w-]))[\w+/-]{{16,}}={{0,2}}(?![\w+/=-])", re.ASCII)
_WORDS = re.compile(r"[\w.+~-]+")
_QUOTED = re.compile(r"(?<![A-Za-z])'((?:[^']|'')*)'")
# What a link may show: words, versions, numbers.
_PLAIN_SEGMENT = re.compile(r"[A-Za-z]{0,24}|v\d+|\d{1,6}")
_NAME = re.compile(r"[\w$.\[\]-]{1,64}")
_PLAIN_VALUE = re.compile(r"[A-Za-z_]{0,12}|\d{1,6}|[a-z]{2}-[A-Z]{2}")
# Few characters, none of them hexadecimal: a stand-in resembles no key, so scanners for secrets ignore it.
_LETTERS, _DIGITS = "hjkqvwz", "24579"
_MARKS = (b"%PDF-1.4\n", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"\xff\xd8\xff\xe0", b"GIF89a", b"\x1f\x8b")
_STARTS = tuple(mark[:4] for mark in _MARKS)
# Characters of queries that are easier to read without an escape.
_SAFE = "$'()/:@,"
_FORM = "application/x-www-form-urlencoded"
_FILES = ("image/", "audio/", "video/", "font/", "application/pdf", "application/zip", "application/octet-stream")
# Brackets a number of which the spelling must stay (a private-use character).
_NUMBER = "\ue000"
_SPELT_NUMBER = re.compile(f"{_NUMBER}[0-9.eE+-]+{_NUMBER}")
_SHORTEST_KNOWN, _SHORTEST_NUMBER, _LONGEST_ID, _DEEPEST = 3, 4, 24, 8


class Redactor:
    """Redacts the calls of one recording. The names in `hosts` are shown in links."""

    def __init__(self, hosts: Iterable[str] = (), key: bytes | None = None) -> None:
        self._hosts = frozenset(hosts)
        self._key = key or secrets.token_bytes(32)
        # All in lower case: the values of stand-ins, the values that are replaced wherever they occur, those of them
        # that have several words.
        self._made: dict[str, str] = {}
        self._known: set[str] = set()
        self._phrases: dict[str, re.Pattern[str]] = {}

    def stand_in(self, value: str) -> str:
        """What replaces a value: letters by letters of the same case, digits by digits, all else stays."""
        low = value.lower()
        if low in self._made:
            return value
        # Two short values may get one stand-in: then the next one is tried.
        for attempt in range(20):
            made = self._hashed(value, low, attempt)
            if self._made.setdefault(made.lower(), low) == low:
                break
        return made

    def _hashed(self, value: str, low: str, attempt: int) -> str:
        made, stream = "", b""
        for at, letter in enumerate(value):
            if at % 64 == 0:
                seed = f"{attempt} {at} {low}".encode("utf-8", "surrogatepass")
                stream = blake2b(seed, key=self._key).digest()
            if letter.isdecimal():
                made += _DIGITS[stream[at % 64] % len(_DIGITS)]
            elif letter.isalpha() or ord(letter) > 0x7F:
                new = _LETTERS[stream[at % 64] % len(_LETTERS)]
                made += new.upper() if letter.isupper() else new
            else:
                made += letter
        return made

    def learn(self, value: str, *, is_secret: bool = False) -> str:
        """The stand-in of a value; from now on it is replaced wherever it occurs, unless it may be anything else."""
        low = value.lower()
        if low in self._made or low in ("", "true", "false", "null"):
            return value
        usual = re.fullmatch(r"\d{1,8}", low) or (is_uuid(value) and not is_secret)
        if len(value) >= _SHORTEST_KNOWN and not usual and low not in self._known:
            if _WORDS.fullmatch(low):
                self._known.add(low)
            elif not _EMAIL.fullmatch(value):
                self._phrases.setdefault(low, re.compile(rf"(?<!\w){re.escape(low)}(?!\w)", re.IGNORECASE))
        return self._uuid(value) if is_uuid(value) else self.stand_in(value)

    def _concealed(self, value: str) -> str:
        """The stand-in of a value that may be anything else at another place; keys are learnt."""
        if value.lower() in self._made:
            return value
        if _is_opaque(value):
            return self.learn(value, is_secret=True)
        return self._uuid(value) if is_uuid(value) else self.stand_in(value)

    def _uuid(self, value: str) -> str:
        # Hexadecimal letters, so that it stays a UUID.
        low = value.lower()
        digits = iter(blake2b(low.encode(), key=self._key, digest_size=16).hexdigest())
        made = "".join("-" if letter == "-" else next(digits) for letter in value)
        self._made[made] = low
        return made

    def _replace_known(self, text: str) -> str:
        low = text.lower()
        for phrase, pattern in self._phrases.items():
            if phrase in low:
                text = pattern.sub(lambda found: self.stand_in(found[0]), text)

        def words(found: re.Match[str]) -> str:
            whole = found[0]
            if whole.lower() in self._known:
                return self._concealed(whole)
            core = whole.strip(".-~+")
            if core != whole and core.lower() in self._known:
                return whole.replace(core, self.stand_in(core))
            return re.sub(
                r"[^\W_]+", lambda one: self.stand_in(one[0]) if one[0].lower() in self._known else one[0], whole
            )

        return _WORDS.sub(words, text) if self._known else text

    def text(self, text: str, depth: int = 0) -> str:
        """A text without values that have a form of their own, or are known."""
        if not text or _SPELT_NUMBER.fullmatch(text):
            return text
        if depth > _DEEPEST:
            return self.stand_in(text)
        if text.strip()[:1] in ("{", "[", '"'):
            redacted = self._json(text, depth + 1)
            if redacted is not None:
                return redacted
        text = _LINK.sub(lambda found: self._link(found[0], depth), text)
        text = _USERINFO.sub(lambda found: self.learn(found[0].replace(":", "x"), is_secret=True), text)
        for pattern in (_TOKEN, _EMAIL, _PHONE):
            text = pattern.sub(lambda found: self.learn(found[0]), text)
        text = _RUN.sub(lambda found: self.learn(found[0], is_secret=True) if _hides(found[0]) else found[0], text)
        return self._replace_known(text)

    def _json(self, text: str, depth: int) -> str | None:
        """JSON without secrets, numbers spelt as they are; None if the text is none."""
        try:
            value = json.loads(text, parse_float=lambda number: f"{_NUMBER}{number}{_NUMBER}")
            redacted = self.value(value, depth)
            if redacted == value:
                return text
            written = json.dumps(redacted, separators=(", ", ": ") if '": ' in text else (",", ":"))
        except (ValueError, RecursionError):
            return None
        return re.sub(r'"\\ue000([0-9.eE+-]+)\\ue000"', r"\1", written)

    def _link(self, link: str, depth: int) -> str:
        """A link: scheme and plain words of the path stay; names of hosts, ids and values do not."""
        # In JSON that is cut off a slash may be escaped.
        parts = urlsplit(link.replace("\\/", "/"))
        user, at, place = parts.netloc.rpartition("@")
        host, colon, port = place.partition(":")
        if host.lower() not in self._hosts and not _is_local(host):
            host = self.stand_in(host)
        user = self.learn(user.replace(":", "x"), is_secret=True) if at else ""
        segments = [
            one if _PLAIN_SEGMENT.fullmatch(one) else self._segment(unquote(one)) for one in parts.path.split("/")
        ]
        query = self._pairs(parts.query, depth + 1, hides_all=True)
        return urlunsplit((
            parts.scheme, f"{user}{at}{host}{colon}{port}", quote("/".join(segments), safe="/:@!$&'()*+,;=~"), query,
            quote(self.stand_in(unquote(parts.fragment))),
        ))  # fmt: skip

    def _segment(self, segment: str) -> str:
        # A long one is a ticket that opens what it leads to.
        is_ticket = len(segment) > _LONGEST_ID and not is_uuid(segment)
        return self.learn(segment, is_secret=True) if is_ticket else self._concealed(segment)

    def _pairs(self, text: str, depth: int = 0, *, hides_all: bool = False) -> str:
        """A form or a query; pairs without a secret stay as they are written. `hides_all` leaves plain values only."""
        shown = []
        for pair in text.split("&") if text else []:
            name, equals, written = pair.partition("=")
            value = unquote_plus(written)
            given = unquote_plus(name)
            if not (equals and _NAME.fullmatch(given) and self.text(given) == given):  # no form: it may be anything
                shown.append(pair if _PLAIN_VALUE.fullmatch(pair) else quote(self._prose(unquote_plus(pair)), safe="="))
                continue
            redacted = self._named(given, value, depth)
            if hides_all and redacted == value and not _PLAIN_VALUE.fullmatch(value):
                redacted = self._segment(value)
            elif name.lstrip("$").lower() == "filter" and _PERSONAL.search(_spelt(value)):
                # The literals of an expression that compares personal data; those with a type before them are none.
                redacted = _QUOTED.sub(lambda found: f"'{self._literal(found[1])}'", redacted)
            shown.append(pair if redacted == value else f"{name}={quote(redacted, safe=_SAFE)}")
        return "&".join(shown)

    def _literal(self, text: str) -> str:
        return text if is_uuid(text) or re.fullmatch(r"[\d:.TZ+-]*", text) else self.learn(text)

    def _named(self, name: str, value: Any, depth: int) -> Any:
        spelt = _spelt(name)
        if _SECRET.search(spelt):
            return self._hidden(value, is_secret=True)
        if spelt in _ANYTHING:
            return self._hidden(value, learns=False)
        return self._hidden(value) if _PERSONAL.search(spelt) else self.value(value, depth)

    def _hidden(self, value: Any, *, is_secret: bool = False, learns: bool = True) -> Any:
        """The value without anything of it. Without `learns` it stays at other places: it may be any word."""
        if isinstance(value, dict):
            return {name: self._hidden(one, is_secret=is_secret, learns=learns) for name, one in value.items()}
        if isinstance(value, list):
            return [self._hidden(one, is_secret=is_secret, learns=learns) for one in value]
        if isinstance(value, str):
            if _SPELT_NUMBER.fullmatch(value):
                return re.sub(r"\d", lambda found: _DIGITS[int(found[0]) % len(_DIGITS)], value)
            if _LINK.fullmatch(value):
                return self._link(value, 0)
            return self.learn(value, is_secret=is_secret) if learns else self._concealed(value)
        if type(value) is int and len(str(abs(value))) >= _SHORTEST_NUMBER:
            return int(self.learn(str(value), is_secret=is_secret))
        return value

    def value(self, value: Any, depth: int = 0) -> Any:
        """A JSON value."""
        if isinstance(value, dict):
            if "fieldName" in value and "fieldValue" in value:  # a custom field is a pair of members
                return {**value, "fieldValue": self._hidden(value["fieldValue"], learns=False)}
            return {self.text(name, depth): self._named(name, one, depth) for name, one in value.items()}
        if isinstance(value, list):
            return [self.value(one, depth) for one in value]
        return self.text(value, depth) if isinstance(value, str) else value

    def header(self, name: str, value: str) -> str:
        """The value of a header; a scheme of authentication stays."""
        lower = name.lower()
        if lower in ("authorization", "proxy-authorization"):
            scheme, blank, credential = value.partition(" ")
            return scheme + blank + self.learn(credential, is_secret=True) if blank else self._segment(value)
        if lower in ("cookie", "set-cookie"):
            return re.sub(r"(?<==)[^;]+", lambda found: self.learn(found[0], is_secret=True), value)
        if lower == "location" and value.startswith("/"):
            return self.url(value)
        if lower in _SHOWN:
            return self.text(value)
        return self.learn(value, is_secret=True) if _SECRET.search(_spelt(name)) else self.stand_in(value)

    def body(self, headers: Mapping[str, str], data: bytes) -> bytes:
        """A body: a file becomes one without content, of the same length; text is redacted."""
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return _blank(data)
        if kind.startswith(_FILES) or data.startswith(_STARTS):
            return _blank(data)
        mark, text = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
        redacted = self._json(text, 0)
        if redacted is None:
            redacted = self._pairs(text) if kind == _FORM else self._prose(text)
        return (mark + redacted).encode("utf-8", "surrogatepass")

    def _prose(self, text: str) -> str:
        return self._hashed(text, text.lower(), 0)

    def url(self, url: str) -> str:
        """The URL of a request: its query as a form; words, short ids and UUIDs of its path stay."""
        parts = urlsplit(url)
        segments = []
        for one in parts.path.split("/"):
            plain = unquote(one)
            new = self.text(plain) if len(plain) <= _LONGEST_ID or is_uuid(plain) else self._segment(plain)
            segments.append(one if new == plain else quote(new, safe="@:"))
        return urlunsplit((parts.scheme, parts.netloc, "/".join(segments), self._pairs(parts.query), ""))


def _spelt(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def _is_local(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return host.lower() == "localhost" or host.startswith("[")
    return True


def _hides(run: str) -> bool:
    """Whether a long run of letters and digits is a key, or base64 of a text or a file."""
    bare = run.rstrip("=")
    if _is_opaque(bare):
        return True
    try:
        raw = base64.b64decode(bare.replace("-", "+").replace("_", "/") + "=" * (-len(bare) % 4), validate=True)
        return raw.startswith(_STARTS) or all(one.isprintable() or one.isspace() for one in raw.decode("utf-8"))
    except ValueError:
        return False


def _is_opaque(run: str) -> bool:
    """Whether a run looks like a key: hexadecimal and long, or letters of both cases and digits without a word."""
    if re.fullmatch(r"[0-9a-f]{32,}|[0-9A-F]{32,}", run):
        return True
    if "/" in run and "+" not in run and "=" not in run:  # a path
        return False
    longest = max(re.split(r"[-_]", run), key=len)
    kinds = [re.search(kind, longest) is not None for kind in ("[a-z]", "[A-Z]", "[0-9]")]
    return (len(longest) >= 20 and all(kinds)) or (len(longest) >= 32 and kinds[2] and any(kinds[:2]))


def _blank(data: bytes) -> bytes:
    """A file that begins as this one and has no content: enough to recognise its type."""
    start = next((mark for mark in _MARKS if data.startswith(mark[:4])), b"")
    return (start + b" " * len(data))[: len(data)]
