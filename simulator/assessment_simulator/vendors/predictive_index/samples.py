"""A dozen invitations for the sandbox `demo`, in every state but 60, which only cognitive assessments reach.

None has a webhook, so filling the sandbox sends nothing.
"""

from collections.abc import Mapping
from typing import Any

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.vendor import Sample

_SENT = {"notifyAssessmentAvailableUsingEmail": 1}

# (what the body has besides the taker, its age in hours, what happened then); none expires but by its own ten days.
_STORIES: tuple[tuple[Mapping[str, Any], int, tuple[str, ...]], ...] = (
    ({"gender": 2}, 263, ()),
    (_SENT, 251, ()),
    (_SENT | {"personType": "Candidate"}, 212, ("complete",)),
    (_SENT | {"personType": "Employee", "gender": 1}, 187, ("open", "start", "complete")),
    (_SENT | {"languageLocale": "fr-CA", "gender": 2}, 150, ("complete",)),
    (_SENT | {"personType": "Former Employee"}, 122, ("start", "complete")),
    (_SENT, 96, ("abort",)),
    (_SENT | {"personType": "Candidate"}, 70, ("start",)),
    ({"personType": "Candidate", "gender": 1}, 49, ("open",)),
    (_SENT | {"personType": "Other"}, 26, ()),
    (_SENT | {"redirectUrl": "https://example.com/thanks"}, 5, ()),
    ({}, 1, ()),
)


def samples(seed: int) -> tuple[Sample, ...]:
    """The demo's invitations, oldest first; equal seeds give equal ones."""
    # Importing Faker takes longer than starting the server, and few sandboxes need it.
    from faker import Faker

    fake = Faker("en_US")
    fake.seed_instance(seed)
    made, positions = [], Config().positions
    for number, (more, hours, actions) in enumerate(_STORIES, 1):
        first, last = fake.first_name(), fake.last_name()
        body = {
            "firstName": first, "lastName": last, "email": f"{first}.{last}@example.com".lower(),
            "associatedPositionTitle": positions[number % len(positions)],
            "externalId": f"demo-{number}-behavioral", "externalPersonId": f"demo-{number}",
            "customFields": [{"fieldName": "Favorite Color", "fieldValue": fake.color_name()}],
        }  # fmt: skip
        made.append(Sample("create_assessment", {**body, **more}, hours * instant.HOUR, actions))
    return tuple(made)


def seed(person: Mapping[str, str | None], config: Config, number: int) -> Sample:
    """The invitation of a person."""
    body = {
        "firstName": person["first_name"], "lastName": person["last_name"], "email": person["email"],
        "externalId": person["external_id"] or f"application-{number}",
    }  # fmt: skip
    return Sample("create_assessment", body, 0)
