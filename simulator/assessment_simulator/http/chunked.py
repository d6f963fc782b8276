"""Chunked bodies (RFC 9112, 7.1), read strictly and written again without extensions and trailer fields."""

import re

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[^\r\n\0]*)?\r\n")
_LONGEST_LINE = 4_096
_TRAILER = re.compile(rb"[^\r\n\0:]+:[^\r\n\0]*\r\n")


class Malformed(Exception):
    """The body is not valid chunked encoding."""


class ChunkedBody:
    """Reads one chunked body from a buffer, piece by piece."""

    def __init__(self) -> None:
        self.is_over = False
        self._left = 0
        """Bytes of the present chunk that are still to come."""
        self._ends = False
        """Whether the CRLF after a chunk is expected."""
        self._last = False
        """Whether the last chunk was read, and only fields can follow."""

    def read(self, buffer: bytearray) -> bytes:
        """Remove what can be read from the buffer. Returns it, framed again; raises `Malformed`."""
        pieces: list[bytes] = []
        at = 0
        while at < len(buffer) and not self.is_over:
            if self._left:
                piece = bytes(buffer[at : at + self._left])
                pieces.append(b"%x\r\n%b\r\n" % (len(piece), piece))
                at += len(piece)
                self._left -= len(piece)
                self._ends = self._left == 0
                continue
            line = buffer.find(b"\n", at, at + _LONGEST_LINE) + 1
            if not line:
                if len(buffer) - at >= _LONGEST_LINE:
                    raise Malformed("A line between the chunks of the body is too long.")
                break
            self._take_line(bytes(buffer[at:line]))
            at = line
        del buffer[:at]
        if self.is_over:
            pieces.append(b"0\r\n\r\n")
        return b"".join(pieces)

    def _take_line(self, line: bytes) -> None:
        if self._ends:
            if line != b"\r\n":
                raise Malformed("A chunk of the body is not followed by CRLF.")
            self._ends = False
        elif self._last:
            self.is_over = line == b"\r\n"
            if not (self.is_over or _TRAILER.fullmatch(line)):
                raise Malformed("What follows the chunks of the body is no field.")
        else:
            found = _SIZE.fullmatch(line)
            if found is None:
                raise Malformed("A chunk of the body does not begin with its size.")
            self._left = int(found[1], 16)
            self._last = self._left == 0
