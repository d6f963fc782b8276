"""The JSON codec: it reads and writes every value unchanged and refuses everything that is not JSON."""

import json
import time
from typing import Any

import pytest

from assessment_simulator.sandbox.state import Stored
from assessment_simulator.storage import json_codec

VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "an empty text": "",
    "an empty object": {},
    "an empty list": [],
    "a fraction": 0.1,
    "minus zero": -0.0,
    "a great fraction": 1.7976931348623157e308,
    "a small fraction": 5e-324,
    "many digits": 3.141592653589793,
    "18 digits": 10**18 - 1,
    "19 digits": 10**18,
    "the last of 63 bits": 2**63 - 1,
    "the first beyond": 2**63,
    "the last of 64 bits": 2**64 - 1,
    "the first beyond 64 bits": 2**64,
    "the last below": -(2**63),
    "the first below": -(2**63) - 1,
    "300 digits": 10**300 + 1,
    "long numbers within": {"a": [2**70, {"b": -(2**70)}], "c": "x"},
    "a long number in a text": "9" * 50,
    "all planes": "aä€😀\U0010ffff",
    "characters that are escaped": '\0\x01\x1f"\\/\x7f\u2028\u2029\ufeff',
    "a name like an attribute": {"raw": b"x".decode(), "__class__": 1},
    "nesting": json.loads("[" * json_codec.DEEPEST + "]" * json_codec.DEEPEST),
    "nesting of objects": json.loads('{"a":' * json_codec.DEEPEST + "1" + "}" * json_codec.DEEPEST),
    "width": [[{}] * 1_000] * 10,
}


def alike(one: Any, other: Any) -> bool:
    """Equal, and equal in type at every place: 1 is not 1.0, and minus zero is not zero."""
    return repr(one) == repr(other)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_codec_agrees_with_the_standard_library(value: Any) -> None:
    written = json_codec.dumps(value)
    assert alike(json_codec.loads(written), value)
    assert alike(json.loads(written), value)
    for ascii_only in (True, False):
        for indent in (None, 2):
            text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
            assert alike(json_codec.loads(text.encode()), value)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_rendered_value_is_inserted_unchanged(value: Any) -> None:
    raw = Stored("an-id", (None, json_codec.dumps(value), b"{}"))
    for around in ([raw], {"a": raw}, {"a": [raw, raw], "b": 1}, {"long": 2**70, "a": raw}):
        expected = json.loads(json.dumps(around, default=lambda _: value))
        assert alike(json.loads(json_codec.dumps(around)), expected)


@pytest.mark.parametrize("value", [{"a": 1, "b": [1, 2]}, {"a": 2**70, "b": [1, 2]}], ids=["short", "long"])
def test_text_is_written_without_blanks_and_in_utf_8(value: Any) -> None:
    assert json_codec.dumps({**value, "ä": "😀"}) == (
        json.dumps({**value, "ä": "😀"}, separators=(",", ":"), ensure_ascii=False).encode()
    )


def test_members_keep_their_order_and_the_last_of_two_counts() -> None:
    assert list(json_codec.loads(b'{"b": 1, "a": 2, "c": 3}')) == ["b", "a", "c"]
    for number in ("3", "30000000000000000000000"):
        assert json_codec.loads(f'{{"a": 1, "a": {number}}}'.encode()) == {"a": int(number)}


NO_JSON = {
    "nothing": b"",
    "blanks": b" \n",
    "NaN": b"NaN",
    "NaN within": b'{"a": NaN}',
    "Infinity": b"[Infinity]",
    "minus Infinity": b"[-Infinity]",
    "a number too great": b"1e999",
    "an integer too great": b"9" * 5_000,
    "a leading zero": b"01",
    "a leading zero before many digits": b"0" + b"1" * 30,
    "a leading plus": b"+1",
    "a bare point": b"1.",
    "hexadecimal": b"0x10",
    "a word": b"nil",
    "single quotes": b"{'a': 1}",
    "no quotes": b"{a: 1}",
    "a comma too many": b"[1,]",
    "a comment": b"[1] // one",
    "two values": b"{}{}",
    "half a value": b'{"a": [1',
    "a line feed in a text": b'"\n"',
    "a null byte": b"1\x00",
    "no UTF-8": b'"\xff"',
    "an overlong form": b'"\xc0\xaf"',
    "a surrogate in UTF-8": b'"\xed\xa0\x80"',
    "half a surrogate pair": b'"\\ud800"',
    "the other half": b'"\\udc00"',
    "a pair the wrong way round": b'"\\udc00\\ud800"',
    "a byte order mark": b"\xef\xbb\xbf1",
    "UTF-16": "[1]".encode("utf-16"),
    "a name that is no text": b"{1: 1}",
    "nesting": b"[" * (json_codec.DEEPEST + 1) + b"1" + b"]" * (json_codec.DEEPEST + 1),
    "nesting of objects": b'{"a":' * (json_codec.DEEPEST + 1) + b"1" + b"}" * (json_codec.DEEPEST + 1),
    "nesting beyond all measure": b"[" * 100_000 + b"]" * 100_000,
    "nesting without an end": b"[" * 1_000_000,
}


@pytest.mark.parametrize("text", NO_JSON.values(), ids=NO_JSON)
@pytest.mark.parametrize("beside", [b"", b"12345678901234567890"], ids=["alone", "beside a long number"])
def test_invalid_json_is_refused_with_a_reason(text: bytes, beside: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        json_codec.loads(b"[" + beside + b"," + text + b"]" if beside else text)


def test_brackets_in_strings_do_not_count_as_nesting() -> None:
    assert json_codec.loads(json.dumps("[{" * 1_000).encode()) == "[{" * 1_000


def test_one_mebibyte_is_read_and_written_quickly() -> None:
    for text in (b"[" + b"[1]," * 250_000 + b"1]", b"[" + b"12345678901234567890," * 50_000 + b"1]"):
        began = time.perf_counter()
        assert json_codec.loads(json_codec.dumps(json_codec.loads(text))) == json.loads(text)
        assert time.perf_counter() - began < 30
