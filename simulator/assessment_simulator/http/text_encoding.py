"""Recognises bodies that are not UTF-8, so that a refusal can name the cause."""

_REMEDY = "encode the body as UTF-8"


def not_utf8(data: bytes) -> str | None:
    """Which encoding a JSON text seems to have instead of UTF-8, and what to do; None where it is UTF-8.

    JSON begins with ASCII characters, so NUL bytes among its first four show UTF-16 or UTF-32 (RFC 4627, section 3).
    """
    if b"\0" in data[:4] or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        name = "UTF-32" if b"\0\0" in data[:4] else "UTF-16"
        return f"the body is encoded as {name}; {_REMEDY}"
    try:
        data.decode()
    except UnicodeDecodeError as problem:
        byte = data[problem.start]
        return (
            f"the body is not UTF-8 (byte 0x{byte:02x} at position {problem.start}); it may be Latin-1 or "
            f"Windows-1252; {_REMEDY}"
        )
    return None
