"""JSON Schema helpers."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from assessment_simulator.core.rules import Field, Json
from assessment_simulator.core.schema import (
    Schema,
    any_case,
    array,
    body,
    boolean,
    choice,
    integer,
    named,
    nullable,
    record,
    ref,
    text,
)

WISH = body(
    (
        Field(("who", "email"), Json.STRING, "who.email", "whose"),
        Field(("who",), Json.OBJECT, "who", "who"),
        Field(("tags",), Json.ARRAY, "tags", "tags"),
        Field(("size",), Json.INTEGER, "size", "size"),
    ),
    ("who", "who.email"),
    {"who.email": {"minLength": 1}, "size": {"enum": [1, 2]}},
)

ROWS: list[tuple[Schema, list[Any], list[Any]]] = [
    (text(), ["", "a"], [1, None]),
    (text(enum=["a"]), ["a"], ["b"]),
    (nullable(text(enum=["a"])), ["a", None], ["b", 0]),
    (nullable(integer()), [1, None], ["1", True]),
    (array(boolean(), maxItems=1), [[], [True]], [[True, True], [0], True]),
    (record({"a": text(), "b": text()}, optional=["b"]), [{"a": ""}, {"a": "", "b": ""}], [{}, {"a": "", "c": ""}]),
    (record({"a": text()}, optional=["a"]), [{}], [{"a": 1}]),
    (choice(["a", "b"]), ["a"], ["c", None]),
    (choice([0, 10]), [10], [1, "0"]),
    (choice([True, False]), [True], [1, "true"]),
    (choice([True]), [True], [False, 1]),
    (choice([None, 50]), [None, 50], [0, 51]),
    (text(pattern=any_case(("yes", "1"))), ["YES", "yEs", "1", ""], ["y", "yes!", "11"]),
    (
        WISH,
        [{"who": {"email": "a", "more": 1}}, {"who": {"email": "a"}, "tags": None, "size": None, "more": {}}],
        [{}, {"who": None}, {"who": {}}, {"who": {"email": ""}}, {"who": {"email": "a"}, "size": 3}],
    ),
]


@pytest.mark.parametrize(("schema", "good", "bad"), ROWS, ids=lambda one: str(one)[:40])
def test_schema_accepts_valid_and_rejects_invalid_values(schema: Schema, good: list[Any], bad: list[Any]) -> None:
    Draft202012Validator.check_schema(schema)
    judge = Draft202012Validator(schema)
    assert [value for value in good if not judge.is_valid(value)] == []
    assert [value for value in bad if judge.is_valid(value)] == []


def test_reference_can_be_nullable() -> None:
    assert nullable(ref("Order")) == {"anyOf": [{"$ref": "#/components/schemas/Order"}, {"type": "null"}]}


def test_title_is_made_from_words_with_underscores() -> None:
    assert named("create_order_v2") == "CreateOrderV2"
