"""One question from one process to another that shares its log, and the answer, over a connection of its own.

Both have the log's secret and show each other that they do; neither ever says it. Whoever does not have it is not
listened to, and an answer of somebody else, at an address where a process has ended, is none. What is said is not
hidden from who can read along on the network between two machines.
"""

import asyncio
import hmac
import secrets
from collections.abc import Callable
from hmac import compare_digest

_VERSION = b"assessment-simulator peers 1"
"""Processes that speak otherwise do not understand each other, and know it at once."""
_NONCE, _MAC, _LENGTH = 16, 32, 4
_MOST = 268_435_456
"""So many bytes may be said at once by who has the secret."""


class Strange(Exception):
    """Who is at the other end does not have the secret, or speaks otherwise."""


def _mac(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, b"".join(parts), "sha256")


async def ask(address: str, secret: bytes, question: bytes) -> bytes:
    """The answer of the process at an address.

    Raises OSError where nobody is there, EOFError where it breaks off, `Strange`.
    """
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        nonce = secrets.token_bytes(_NONCE)
        key = _mac(secret, _VERSION, await reader.readexactly(_NONCE), nonce)
        writer.write(nonce + _mac(key, b"proof"))
        _say(writer, key, b"question", question)
        return await _heard(reader, key, b"answer")
    finally:
        writer.transport.abort()


async def reply(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: bytes, answer: Callable[[bytes], bytes]
) -> None:
    """Answer whoever has connected; raises as `ask` does."""
    nonce = secrets.token_bytes(_NONCE)
    writer.write(nonce)
    key = _mac(secret, _VERSION, nonce, await reader.readexactly(_NONCE))
    if not compare_digest(await reader.readexactly(_MAC), _mac(key, b"proof")):
        raise Strange
    _say(writer, key, b"answer", answer(await _heard(reader, key, b"question")))
    await writer.drain()


def _say(writer: asyncio.StreamWriter, key: bytes, what: bytes, said: bytes) -> None:
    writer.write(len(said).to_bytes(_LENGTH, "big") + _mac(key, what, said) + said)


async def _heard(reader: asyncio.StreamReader, key: bytes, what: bytes) -> bytes:
    length = int.from_bytes(await reader.readexactly(_LENGTH), "big")
    mac = await reader.readexactly(_MAC)
    if length > _MOST:
        raise Strange
    said = await reader.readexactly(length)
    if not compare_digest(mac, _mac(key, what, said)):
        raise Strange
    return said
