"""Sample data: a dozen orders in every status, of invented people."""

from collections.abc import Mapping

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.vendor import Sample
from assessment_simulator.vendors.pymetrics.behaviour_flags import INITIAL_STATUS
from assessment_simulator.vendors.pymetrics.states import ACCEPTED, NOT_STARTED, PENDING

# Age in days, first status and actions of each order; oldest first.
_HISTORIES: tuple[tuple[int, str, tuple[str, ...]], ...] = (
    (30, NOT_STARTED, ("complete", "fulfil")),
    (28, NOT_STARTED, ("expire",)),
    (21, NOT_STARTED, ("complete", "fulfil")),
    (14, NOT_STARTED, ("complete",)),
    (12, PENDING, ("reject",)),
    (9, NOT_STARTED, ("start",)),
    (7, NOT_STARTED, ("complete",)),
    (5, NOT_STARTED, ("start",)),
    (4, ACCEPTED, ()),
    (3, NOT_STARTED, ()),
    (2, NOT_STARTED, ()),
    (1, PENDING, ()),
)


def samples(seed: int) -> tuple[Sample, ...]:
    """The orders; equal seeds invent equal ones."""
    from faker import Faker  # it takes a while to load, and only sample data needs it

    fake = Faker("en_US")
    fake.seed_instance(seed)
    assessments, made = Config().assessments, []
    for number, (days, status, actions) in enumerate(_HISTORIES, 1):
        first, last = fake.first_name(), fake.last_name()
        email = f"{first}.{last}.{number}@example.com".lower()
        body = {
            "candidate": {
                "email": email, "first_name": first, "last_name": last, "external_id": f"candidate-{number}",
            },
            "assessment_id": assessments[number % len(assessments)].id,
            "application_id": f"application-{number}",
            "send_email": number % 3 == 0,
            "requisition_id": f"requisition-{number % 4 + 1}",
            "requisition_title": fake.job(),
            "metadata": {"recruiter": fake.name()},
            "candidate_redirect_url": "https://ats.example.com/applications",
        }  # fmt: skip
        behaviour = {} if status == NOT_STARTED else {INITIAL_STATUS.id: status}
        made.append(Sample("create_order", body, days * instant.DAY, actions, behaviour))
    return tuple(made)


def seed(person: Mapping[str, str | None], config: Config, number: int) -> Sample:
    """The order of a person: the first assessment of the settings."""
    body = {
        "candidate": {name: value for name, value in person.items() if value is not None},
        "assessment_id": config.assessments[0].id if config.assessments else "",
        "application_id": f"application-{number}",
    }
    return Sample("create_order", body, 0)
