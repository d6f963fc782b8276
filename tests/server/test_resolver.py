"""The resolver: names that hang take a bounded number of threads and stop no others."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from assessment_simulator import resolver
from assessment_simulator.resolver import THREADS, Resolver


class Names:
    """The resolver of a system where names that begin with `hang` hang until `over`."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.asked: Counter[str] = Counter()

    def getaddrinfo(self, host: Any, *more: Any, **named: Any) -> Any:
        self.asked[host] += 1
        if host.startswith("hang"):
            self.over.wait(30)
            raise socket.gaierror(socket.EAI_AGAIN, "the name server does not answer")
        if host.startswith("bad"):
            raise UnicodeError("label too long")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 0))]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    found = Names()
    monkeypatch.setattr(socket, "getaddrinfo", found.getaddrinfo)
    yield found
    found.over.set()


def threads() -> int:
    return sum(thread.name.startswith("look up ") for thread in threading.enumerate())


async def quickly(asked: Resolver, host: str) -> Any:
    async with asyncio.timeout(10):
        return await asked.look_up(host)


async def test_hanging_names_take_a_bounded_number_of_threads_and_delay_no_fast_name(names: Names) -> None:
    asked = Resolver()
    assert await quickly(asked, "quick.example")
    hanging = [asyncio.create_task(asked.look_up(f"hang-{n}.example")) for n in range(5 * THREADS)]
    await asyncio.sleep(0)
    assert await quickly(asked, "quick.example")
    assert threads() <= THREADS
    names.over.set()
    assert {type(one) for one in await asyncio.gather(*hanging, return_exceptions=True)} == {socket.gaierror}


async def test_slow_names_leave_threads_for_new_names(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "SLOW", -1.0)  # every look-up counts as slow
    asked = Resolver()
    names.over.set()
    slow = [f"hang-{n}.example" for n in range(2 * THREADS)]
    await asyncio.gather(*map(asked.look_up, slow), return_exceptions=True)
    names.over.clear()
    hanging = [asyncio.create_task(asked.look_up(host)) for host in slow]
    await asyncio.sleep(0)
    assert await quickly(asked, "new.example")
    assert threads() <= THREADS // 2 + 1
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_concurrent_lookups_of_a_name_are_one(names: Names) -> None:
    asked = Resolver()
    waiting = [asyncio.create_task(asked.look_up("hang.example")) for _ in range(100)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    names.over.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert names.asked["hang.example"] == 1
    assert [type(one) for one in found] == [asyncio.CancelledError, *[socket.gaierror] * 99]


async def test_abandoned_lookup_gets_no_thread(names: Names) -> None:
    asked = Resolver()
    hanging = [asyncio.create_task(asked.look_up(f"hang-{n}.example")) for n in range(THREADS)]
    await asyncio.sleep(0)
    left = asyncio.create_task(asked.look_up("left.example"))
    await asyncio.sleep(0)
    left.cancel()
    names.over.set()
    await asyncio.gather(*hanging, left, return_exceptions=True)
    assert names.asked["left.example"] == 0
    assert await quickly(asked, "left.example")


async def test_invalid_name_is_an_oserror(names: Names) -> None:
    with pytest.raises(OSError, match="is no host name"):
        await Resolver().look_up("bad.example")
