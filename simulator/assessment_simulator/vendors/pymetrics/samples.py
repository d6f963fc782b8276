"""The demo's orders: a dozen, in every status."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.vendor import Sample
from assessment_simulator.vendors.pymetrics.behaviour_flags import INITIAL_STATUS
from assessment_simulator.vendors.pymetrics.states import ACCEPTED, PENDING


@dataclass(frozen=True, slots=True)
class _Story:
    age: int
    actions: tuple[str, ...] = ()
    behaviour: Mapping[str, str | int | bool | None] = field(default_factory=dict)


_STORIES = (
    _Story(30, ("complete", "fulfil")),
    _Story(28, ("expire",)),
    _Story(21, ("complete", "fulfil")),
    _Story(14, ("complete",)),
    _Story(12, ("reject",), {INITIAL_STATUS.id: PENDING}),
    _Story(9, ("start",)),
    _Story(7, ("complete",)),
    _Story(5, ("start",)),
    _Story(4, (), {INITIAL_STATUS.id: ACCEPTED}),
    _Story(3),
    _Story(2),
    _Story(1, (), {INITIAL_STATUS.id: PENDING}),
)
"""How many days ago each order was made, and what became of it; oldest first."""


def samples(seed: int) -> tuple[Sample, ...]:
    """A dozen orders of invented people; equal seeds invent equal ones."""
    from faker import Faker  # it takes a while to load, and only the demo needs it

    fake = Faker("en_US")
    fake.seed_instance(seed)
    return tuple(
        Sample("create_order", _body(fake, number), story.age * instant.DAY, story.actions, story.behaviour)
        for number, story in enumerate(_STORIES, 1)
    )


def _body(fake: Any, number: int) -> dict[str, Any]:
    first, last = fake.first_name(), fake.last_name()
    known = Config().assessments
    return {
        "candidate": {
            "email": f"{first}.{last}.{number}@example.com".lower(),
            "first_name": first,
            "last_name": last,
            "external_id": f"candidate-{number}",
        },
        "assessment_id": known[number % len(known)].id,
        "application_id": f"application-{number}",
        "send_email": number % 3 == 0,
        "requisition_id": f"requisition-{number % 4 + 1}",
        "requisition_title": fake.job(),
        "metadata": {"recruiter": fake.name()},
        "candidate_redirect_url": "https://ats.example.com/applications",
    }
