"""HTTP as the contracts use it: the types of the test kit, and values for a body and a member that are not sent."""

from typing import Any

from assessment_contracts.kit.client import Answer, Connection, Exchange, Unreachable, address

__all__ = ["ABSENT", "MISSING", "Answer", "Connection", "Exchange", "Unreachable", "address"]

MISSING: Any = object()
"""No body was given; `None` is JSON's null."""


class _Absent:
    def __repr__(self) -> str:
        return "(absent)"


ABSENT: Any = _Absent()
"""A member with this value is left out. It is an object of its own, which no generated value can equal."""
