"""Bodies and answers of control calls, read and written by their models (`models/`).

Every complaint about a body names the member and what would be right.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

from starlette.responses import Response

from assessment_simulator.http.problem_details import Problem, flawed
from assessment_simulator.storage import json_codec
from assessment_simulator.storage.json_codec import not_utf8
from assessment_simulator.storage.pauses import Pause

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")
MOST_VALUES = 20_000
"""Most values of a body, by its commas. Reporting an error takes about 100 times as long as reading a value."""


def read(kind: type[T], data: bytes, **context: Any) -> T:
    """Read a JSON body; no body is an empty object. Raises `Problem` 400 for what is no JSON, 422 for a wrong shape."""
    from pydantic import ValidationError

    if data.count(b",") >= MOST_VALUES:
        raise Problem(422, f"the body holds more than {MOST_VALUES} values")
    try:
        json_codec.loads(data or b"{}")  # pydantic alone would take NaN, and nesting without end
    except ValueError as error:
        raise Problem(400, f"the body is not JSON: {not_utf8(data) or error}") from None
    adapter: TypeAdapter[T] = _adapter(cast("Any", kind))
    try:
        return adapter.validate_json(data or b"{}", context=context)
    except ValidationError as error:
        raise flawed([_complaint(kind, e) for e in error.errors(include_url=False)]) from None


def _complaint(kind: Any, error: Any) -> dict[str, str]:
    """One of pydantic's errors; "Input should be less than or equal to 30" becomes "must be less than …"."""
    where = ".".join(map(str, error["loc"]))
    what = re.sub(r"^(?:Input|String|List) should ", "must ", error["msg"].removeprefix("Value error, "))
    what = what.replace(" after validation", "")  # of the length of a list
    if error["type"] == "extra_forbidden":
        what = "is unknown"
        (model,) = get_args(kind) or (kind,)
        if len(error["loc"]) == (1 if model is kind else 2):
            what += f"; known are {', '.join(model.model_fields)}"
    return {"where": where, "what": what}


def values(kind: Any, value: Any) -> Any:
    """An answer as JSON values."""
    adapter = _adapter(kind)
    return adapter.dump_python(adapter.validate_python(value), mode="json", by_alias=True)


def rendered(kind: Any, value: Any) -> bytes:
    """An answer as JSON text."""
    adapter = _adapter(kind)
    return adapter.dump_json(adapter.validate_python(value), by_alias=True)


def answer(kind: Any, value: Any, status: int = 200) -> Response:
    """A response with an answer of this kind, made of the program's own objects or of JSON values."""
    return Response(rendered(kind, value), status, media_type="application/json")


async def listed(kind: Any, found: Iterable[T], view: Callable[[T], Any]) -> bytes:
    """A JSON array with an answer of this kind for each; others are answered while a long one is written.

    `found` must not change meanwhile: give a list, or what looks its values up one by one.
    """
    adapter, pieces, pause = _adapter(kind), list[bytes](), Pause()
    for one in found:
        pieces.append(adapter.dump_json(adapter.validate_python(view(one)), by_alias=True))
        await pause.if_due()
    return b"[%b]" % b",".join(pieces)


def text(body: bytes) -> Response:
    """A response of JSON text."""
    return Response(body, media_type="application/json")


@cache
def _adapter(kind: Any) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
