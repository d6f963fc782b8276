"""What the first message of a TLS client says before anything is answered: the server's name, and the protocols."""

from typing import NamedTuple

_SERVER_NAME, _PROTOCOLS = 0, 16


class ClientHello(NamedTuple):
    """The name of the server (SNI, in lower case), and the application protocols that the client offers (ALPN)."""

    server_name: str | None
    protocols: tuple[str, ...]


def read_client_hello(record: bytes) -> ClientHello | None:
    """Read a ClientHello (RFC 8446, 4.1.2) in one record; None for anything else."""
    try:
        return _read(_Bytes(record))
    except (IndexError, UnicodeDecodeError):
        return None


class _Bytes:
    """Bytes that are read from the front; raises IndexError at their end."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __bool__(self) -> bool:
        return bool(self._data)

    def take(self, count: int) -> bytes:
        """The next bytes."""
        if len(self._data) < count:
            raise IndexError
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def number(self, size: int) -> int:
        """The next number, of so many bytes."""
        return int.from_bytes(self.take(size))

    def vector(self, size: int) -> "_Bytes":
        """The next vector, whose length is a number of so many bytes."""
        return _Bytes(self.take(self.number(size)))

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._data))


def _read(record: _Bytes) -> ClientHello | None:
    record.take(3)  # type and version of the record
    message = record.vector(2)
    if message.number(1) != 1:
        return None
    hello = message.vector(3)
    hello.take(34)  # version and random bytes
    for size in (1, 2, 1):  # session, cipher suites, compression
        hello.vector(size)
    name: str | None = None
    protocols: list[str] = []
    extensions = hello.vector(2) if hello else _Bytes(b"")
    while extensions:
        kind, content = extensions.number(2), extensions.vector(2)
        if kind == _SERVER_NAME:
            names = content.vector(2)
            names.take(1)
            name = names.vector(2).rest().decode("ascii").lower().removesuffix(".")
        elif kind == _PROTOCOLS:
            offered = content.vector(2)
            while offered:
                protocols.append(offered.vector(1).rest().decode("latin-1"))
    return ClientHello(name, tuple(protocols))
