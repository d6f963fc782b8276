"""What a method of the test clients does, described once for the synchronous and the asynchronous client.

A method is a generator: it yields each `Call` to the server (or `Wait` for webhooks) that it needs, gets the result
back, and returns its own. It does no I/O, so both clients share it. A connection carries it out: `Connection.run`
returns the result, `AsyncConnection.run` a coroutine. The decorators `shared` and `fetched` bind a generator to the
connection of its object; `plain` and `by_id` make the generator of a single call. All are typed, so a type checker sees
`clock.advance("24h")` of one client return the events, and that of the other an awaitable of them.

An error of a call is raised at the `yield`. If the caller is cancelled or interrupted there, the generator may still
yield calls that clean up.
"""

from collections.abc import Callable, Coroutine, Generator
from functools import update_wrapper, wraps
from typing import TYPE_CHECKING, Any, Concatenate, Generic, NamedTuple, ParamSpec, Protocol, TypeVar, cast, overload

if TYPE_CHECKING:
    from assessment_simulator.testing.connection import AsyncConnection, Connection
    from assessment_simulator.testing.webhook_listener import Inbox

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
P = ParamSpec("P")
C = TypeVar("C", bound="Connection | AsyncConnection")


class Call(NamedTuple):
    """A call to the server; `body` is sent as JSON, and `within` are seconds, None as long as it takes."""

    method: str
    path: str
    body: Any = None
    within: float | None = 30


class Wait(NamedTuple):
    """A wait of at most `within` seconds until something is true of the received webhooks."""

    inbox: "Inbox"
    until: Callable[[], bool]
    within: float


# The result of a call is its JSON, that of a wait None.
Steps = Generator[Call | Wait, Any, T]


class Handle(Generic[C]):
    """An object with shared methods: the connection that carries them out, and its path on the server."""

    def __init__(self, connection: C, path: str) -> None:
        self._connection = connection
        self._path = path


class shared(Generic[P, T]):  # noqa: N801 - a decorator
    """Makes a method of both clients of a generator."""

    def __init__(self, steps: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        self._steps = steps
        update_wrapper(cast("Any", self), steps)

    @overload
    def __get__(self, handle: None, owner: type) -> Callable[..., Steps[T]]: ...
    @overload
    def __get__(self, handle: "Handle[Connection]", owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, handle: "Handle[AsyncConnection]", owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, handle: Handle[Any] | None, owner: type) -> Any:
        if handle is None:
            return self._steps

        @wraps(self._steps)
        def bound(*args: P.args, **more: P.kwargs) -> Any:
            # pytest shows the line of the test instead of this one.
            __tracebackhide__ = True
            return handle._connection.run(self._steps(handle, *args, **more))

        return bound


class fetched(Generic[T]):  # noqa: N801 - a decorator
    """Makes an attribute of a generator: its value in one client, an awaitable in the other."""

    def __init__(self, steps: Callable[[Any], Steps[T]]) -> None:
        self._steps = steps
        update_wrapper(cast("Any", self), steps)

    @overload
    def __get__(self, handle: None, owner: type) -> Callable[[Any], Steps[T]]: ...
    @overload
    def __get__(self, handle: "Handle[Connection]", owner: type) -> T: ...
    @overload
    def __get__(self, handle: "Handle[AsyncConnection]", owner: type) -> Coroutine[Any, Any, T]: ...
    def __get__(self, handle: Handle[Any] | None, owner: type) -> Any:
        return self._steps if handle is None else handle._connection.run(self._steps(handle))


class _ById(Protocol[T_co]):
    def __call__(self, handle: Any, /, id: str) -> Steps[T_co]: ...


def by_id(method: str, path: str, read: Callable[[Any], T], text: str) -> _ById[T]:
    """A single call about one item: its path below the object's own, what is made of its result, and its docstring."""

    def steps(self: Handle[Any], /, id: str) -> Steps[T]:
        return read((yield Call(method, self._path + path.format(id=id))))

    steps.__doc__ = text
    return steps


def plain(
    method: str, path: str, read: Callable[[Any], T], text: str, body: Any = None, within: float | None = 30
) -> Callable[[Any], Steps[T]]:
    """A single call without arguments."""

    def steps(self: Handle[Any]) -> Steps[T]:
        return read((yield Call(method, self._path + path, body, within)))

    steps.__doc__ = text
    return steps
