"""The text of `Simulator-Note` and `Simulator-Hint`."""

import json

import pytest

from assessment_simulator.http.asgi import MAX_LENGTH, header_line


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        ((), b""),
        (("plain text, with (signs) ~!",), b"plain text, with (signs) ~!"),
        (("first", "second"), b"first; second"),
        (("a\r\nSet-Cookie: x=y",), b"a\\u000d\\u000aSet-Cookie: x=y"),
        (("naïve", "\0\x7f"), b"na\\u00efve; \\u0000\\u007f"),
        (("\u202e😀",), b"\\u202e\\ud83d\\ude00"),
    ],
)
def test_texts_become_one_line_of_printable_ascii(texts: tuple[str, ...], line: bytes) -> None:
    assert header_line(texts) == line


def test_escapes_are_those_of_json() -> None:
    text = "".join(chr(code) for code in [0, 10, 127, 160, 0xFFFF, 0x10000, 0x10FFFF])
    assert json.loads(b'"' + header_line([text]) + b'"') == text


@pytest.mark.parametrize("length", [MAX_LENGTH - 1, MAX_LENGTH, MAX_LENGTH + 1, 10_000])
def test_a_long_line_is_cut_to_500_characters(length: int) -> None:
    line = header_line(["x" * length])
    assert len(line) == min(length, MAX_LENGTH)
    assert line.endswith(b"...") == (length > MAX_LENGTH)
