"""HTTP as the contracts speak it: the types of the test kit, and the values that stand for no body and no member."""

from typing import Any

from assessment_contracts.kit.client import Answer, Connection, Exchange, Unreachable, address

__all__ = ["ABSENT", "MISSING", "Answer", "Connection", "Exchange", "Unreachable", "address"]

MISSING: Any = object()
"""No body was given; `None` is JSON's null."""


class _Absent:
    def __repr__(self) -> str:
        return "(absent)"


ABSENT: Any = _Absent()
"""In the place of a member's value: the member is left out. No text, or one that is drawn might be taken for it."""
