"""Reads and writes the JSON of control calls by their models. An error names the member and says what is valid."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from assessment_simulator.http.problem_details import Problem, flawed
from assessment_simulator.storage import json_codec
from assessment_simulator.storage.json_codec import not_utf8
from assessment_simulator.storage.pauses import Pause

T = TypeVar("T")
MOST_VALUES = 20_000
"""Most values of a body, by its commas. Reporting an error takes about 100 times as long as reading a value."""


def read(kind: type[T], data: bytes, **context: Any) -> T:
    """Read a JSON body; no body is an empty object. Raises `Problem` 400 for what is no JSON, 422 for a wrong shape."""
    if data.count(b",") >= MOST_VALUES:
        raise Problem(422, f"the body holds more than {MOST_VALUES} values")
    try:
        json_codec.loads(data or b"{}")  # pydantic alone would take NaN, and nesting without end
    except ValueError as error:
        raise Problem(400, f"the body is not JSON: {not_utf8(data) or error}") from None
    # Validated from the text again: in strict mode pydantic reads JSON by other rules than Python values.
    adapter: TypeAdapter[T] = _adapter(cast("Any", kind))
    try:
        return adapter.validate_json(data or b"{}", context=context)
    except ValidationError as error:
        raise flawed([_flaw(kind, one) for one in error.errors(include_url=False)]) from None


def _flaw(kind: Any, error: Any) -> dict[str, str]:
    """One of pydantic's errors; "Input should be less than or equal to 30" becomes "must be less than …"."""
    where = ".".join(map(str, error["loc"]))
    what = re.sub(r"^(?:Input|String|List) should ", "must ", error["msg"].removeprefix("Value error, "))
    what = what.replace(" after validation", "")  # of the length of a list
    if error["type"] == "extra_forbidden":  # the known members are listed for a body itself, or an item of a list
        what = "is unknown"
        (model,) = get_args(kind) or (kind,)
        if len(error["loc"]) == (1 if model is kind else 2):
            what += f"; known are {', '.join(model.model_fields)}"
    return {"where": where, "what": what}


def values(kind: Any, value: Any) -> Any:
    """An answer as JSON values."""
    adapter = _adapter(kind)
    return adapter.dump_python(adapter.validate_python(value), mode="json", by_alias=True)


async def rendered(kind: Any, value: Any) -> bytes:
    """An answer as JSON text, from the program's own objects or JSON values.

    A list is written item by item, and other calls are answered meanwhile: it must not change until then.
    """
    if get_origin(kind) is not list:
        adapter = _adapter(kind)
        return adapter.dump_json(adapter.validate_python(value), by_alias=True)
    (item,) = get_args(kind)
    items: Iterable[Any] = value
    adapter, pieces, pause = _adapter(item), list[bytes](), Pause()
    for one in items:
        pieces.append(adapter.dump_json(adapter.validate_python(one), by_alias=True))
        await pause.if_due()
    return b"[%b]" % b",".join(pieces)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
