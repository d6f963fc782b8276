"""Runs a Python adapter in a process of its own: `python -m assessment_contracts.clients.adapter_server module:Class`.

It speaks the same JSON lines as an adapter in any other language, so a client that hangs can be ended, one that dies
takes nobody with it, and what it prints (moved to standard error) disturbs nobody.
"""

import asyncio
import importlib
import inspect
import json
import os
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from assessment_contracts.clients.adapter import AT_ONCE, METHODS, OPENING, ClientError


class Unfit(Exception):
    """The adapter cannot be used; the message says why, and what would be right."""


def load(name: str) -> type:
    """The class that `module:Class` names; `Unfit` when there is none, or when it cannot be imported."""
    module, colon, path = name.partition(":")
    if not (module and colon and path):
        raise Unfit(
            f"{name!r} names no class: write module:Class, such as assessment_contracts.examples.reference:Client"
        )
    try:
        found: Any = importlib.import_module(module)
    except Exception as problem:
        if isinstance(problem, ModuleNotFoundError) and (problem.name or " ") in (module, module.split(".")[0]):
            where = f"it is looked for in {os.getcwd()} and where Python keeps its packages"  # noqa: PTH109
            raise Unfit(f"there is no module {module}; {where}") from None
        raise Unfit(f"{module} cannot be imported: {type(problem).__name__}: {problem}") from problem
    for part in path.split("."):
        if not hasattr(found, part):
            raise Unfit(f"{module} has no {path}; it has {', '.join(_classes(found)) or 'no classes'}")
        found = getattr(found, part)
    if not inspect.isclass(found):
        raise Unfit(f"{name} is no class, but {found!r}")
    return found


def _classes(module: Any) -> list[str]:
    own = (name for name, one in vars(module).items() if getattr(one, "__module__", "") == module.__name__)
    return [name for name in own if inspect.isclass(vars(module)[name]) and not name.startswith("_")]


def opening(adapter: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `given` that the class's `__init__` names; `Unfit` if it requires something else.

    `**kwargs` takes all but the credentials of webhooks: a class that passes it on was written for the others.
    """
    taken: dict[str, Any] = {}
    for name, parameter in inspect.signature(adapter).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            taken |= {name: value for name, value in given.items() if not name.startswith("webhook_")}
        elif parameter.kind is parameter.VAR_POSITIONAL:
            continue
        elif name in given:
            taken[name] = given[name]
        elif parameter.default is parameter.empty:
            raise Unfit(f"{adapter.__name__} wants {name!r}; a client is opened with {', '.join(OPENING)}")
    return taken


class AdapterServer:
    """Answers the lines of the protocol with one adapter class.

    What an `async def` method returns runs on an event loop that lives as long as the client, from `open` to the next.
    """

    def __init__(self, adapter: type) -> None:
        self._adapter = adapter
        self._client: Any = None
        self._loop: asyncio.Runner | None = None

    def answer(self, method: str, params: Mapping[str, Any]) -> Any:
        """The result of one request; raises what the adapter raises."""
        if method == "hello":
            return self._hello()
        if method == "open":
            self.close()
            self._client = self._adapter(**opening(self._adapter, params))
            return None
        if method == AT_ONCE:
            return self._at_once(params["calls"])
        return self._awaited(getattr(self._client, method)(**params))

    def _at_once(self, calls: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The outcome of each call: tasks of one loop where the methods are asynchronous, else threads."""
        methods = [getattr(self._client, call["method"]) for call in calls]
        if all(map(inspect.iscoroutinefunction, methods)):

            async def gathered() -> list[Any]:
                waiting = [method(**call["params"]) for method, call in zip(methods, calls, strict=True)]
                return await asyncio.gather(*waiting, return_exceptions=True)

            found = self._awaited(gathered())
        else:
            with ThreadPoolExecutor(len(calls)) as pool:
                futures = [pool.submit(method, **call["params"]) for method, call in zip(methods, calls, strict=True)]
            found = [future.exception() or future.result() for future in futures]
        return [{"error": _error(one)} if isinstance(one, BaseException) else {"result": one} for one in found]

    def close(self) -> None:
        """End the client: its `aclose` or `close`, if it has one, then its event loop."""
        client, self._client = self._client, None
        ending = getattr(client, "aclose", None) or getattr(client, "close", None)
        try:
            if callable(ending):
                self._awaited(ending())
        finally:
            if self._loop is not None:
                self._loop.close()
                self._loop = None

    def _awaited(self, result: Any) -> Any:
        if not inspect.isawaitable(result):
            return result
        if self._loop is None:
            self._loop = asyncio.Runner()
        return self._loop.run(_wait(result))

    def _hello(self) -> dict[str, Any]:
        features = getattr(self._adapter, "features", None)
        if isinstance(features, str):
            raise Unfit(f"features is the text {features!r}; write a set of names: {{{features!r}}}")
        return {
            "methods": [*(name for name in METHODS if callable(getattr(self._adapter, name, None))), AT_ONCE],
            "parameters": sorted(opening(self._adapter, dict.fromkeys(OPENING))),
            **({} if features is None else {"features": sorted(features)}),
        }


async def _wait(result: Awaitable[Any]) -> Any:
    return await result


def told(line: str, answer: Callable[[str, Mapping[str, Any]], Any]) -> dict[str, Any]:
    """The answer to one line."""
    asked = json.loads(line)
    try:
        return {"id": asked["id"], "result": answer(asked["method"], asked["params"])}
    except Exception as problem:  # noqa: BLE001  whatever the client may raise is reported
        return {"id": asked["id"], "error": _error(problem)}


def _error(problem: BaseException) -> dict[str, Any]:
    """What an exception of the adapter is reported as."""
    if isinstance(problem, ClientError):
        return {"kind": problem.kind, "message": str(problem), "status": problem.status}
    if isinstance(problem, Unfit):
        return {"kind": "unfit", "message": str(problem), "status": None}
    return {"kind": "crash", "message": f"{type(problem).__name__}: {problem}{_where(problem)}", "status": None}


def _where(problem: BaseException) -> str:
    """The line of the adapter, or of what it calls, that raised."""
    frames = traceback.extract_tb(problem.__traceback__)
    return f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""


def written(answer: Mapping[str, Any]) -> str:
    """An answer as a line; a result that JSON does not know is a crash of the adapter."""
    try:
        return json.dumps(answer, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as problem:
        message = f"the adapter gave something that is not JSON: {problem}"
        return json.dumps({"id": answer["id"], "error": {"kind": "crash", "message": message, "status": None}})


def serve(host: Callable[[str, Mapping[str, Any]], Any], lines: Iterator[str], output: IO[str]) -> None:
    """Answer line by line until the lines end."""
    for line in lines:
        output.write(written(told(line, host)) + "\n")
        output.flush()


def main() -> None:
    """The command."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the client prints is for people
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - as `python -m` does
    try:
        host: Callable[[str, Mapping[str, Any]], Any] = AdapterServer(load(sys.argv[1])).answer
    except Unfit as problem:
        host = _saying(problem)
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    serve(host, iter(sys.stdin), output)


def _saying(problem: Unfit) -> Callable[[str, Mapping[str, Any]], Any]:
    def answer(method: str, params: Mapping[str, Any]) -> Any:
        raise problem

    return answer


if __name__ == "__main__":
    main()
