"""JSON: orjson for speed, the standard library for numbers that are longer than orjson keeps exactly."""

import json
from typing import Any

import orjson

# The deepest nesting of arrays and objects that is accepted; orjson has a limit when it writes, too.
DEEPEST = 64

_ALL_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * 19


def loads(data: bytes) -> Any:
    """Parse JSON text; raises ValueError with the reason in plain words."""
    value = orjson.loads(data)
    if data.count(b"[") + data.count(b"{") > DEEPEST and _depth(value) > DEEPEST:
        raise ValueError(f"nested more than {DEEPEST} levels deep")
    # orjson has the last word on what is JSON; Python's parser keeps every digit, at a tenth of the speed.
    return json.loads(data) if _LONG_NUMBER in data.translate(_ALL_DIGITS_ALIKE) else value


def not_utf8(data: bytes) -> str | None:
    """Which encoding a JSON text seems to have instead of UTF-8, and what to do; None where it is UTF-8.

    JSON begins with ASCII characters, so NUL bytes among its first four show UTF-16 or UTF-32 (RFC 4627, section 3).
    """
    if b"\0" in data[:4] or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        name = "UTF-32" if b"\0\0" in data[:4] else "UTF-16"
        return f"the body is encoded as {name}; encode the body as UTF-8"
    try:
        data.decode()
    except UnicodeDecodeError as problem:
        where = f"byte 0x{data[problem.start]:02x} at position {problem.start}"
        return f"the body is not UTF-8 ({where}); it may be Latin-1 or Windows-1252; encode the body as UTF-8"
    return None


def dumps(value: Any) -> bytes:
    """Render JSON text; a value with an attribute `raw` (a stored record) is put in as it stands."""
    try:
        return orjson.dumps(value, default=_fragment)
    except TypeError:  # an integer of more than 64 bits
        return json.dumps(value, default=_parsed, ensure_ascii=False, separators=(",", ":")).encode()


def tight(data: bytes) -> bytes:
    """The same bytes without the slack that orjson leaves behind them, for whoever keeps them."""
    return bytes(memoryview(data))


def _fragment(value: Any) -> orjson.Fragment:
    return orjson.Fragment(value.raw)


def _parsed(value: Any) -> Any:
    return json.loads(value.raw)


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level:
        depth += 1
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return depth - 1
