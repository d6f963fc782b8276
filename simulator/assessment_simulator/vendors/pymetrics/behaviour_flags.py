"""What the vendor's pages leave open: one behaviour flag each; the first value is the default."""

from assessment_simulator.core.sources import BehaviourFlag, ours
from assessment_simulator.vendors.pymetrics import sources
from assessment_simulator.vendors.pymetrics.states import ACCEPTED, NOT_STARTED, PENDING

INITIAL_STATUS = BehaviourFlag("pymetrics.initial_status", (NOT_STARTED, PENDING, ACCEPTED),
    "the status of a new order; the pages do not say, but every new order has an invitation link already",
    sources.STATUSES)  # fmt: skip
EMAIL_MATCH = BehaviourFlag("pymetrics.email_match", ("ignore case", "exact"),
    "whether two addresses that differ in letter case or outer blanks are one when orders are told apart",
    sources.UNIQUENESS)  # fmt: skip
FORM_BODY = BehaviourFlag("pymetrics.token_form_body", ("accepted", "refused"),
    "whether the token call takes a form-encoded body besides JSON",
    ours("only JSON is documented, but general OAuth clients send a form"))  # fmt: skip
V2_EMAIL = BehaviourFlag(
    "pymetrics.v2_email", ("required", "optional"),
    "whether version 2 wants the candidate's address; without one an order is told apart by external_id, and is always "
    "a new one when there is neither",
    sources.CANDIDATE_V2,
)  # fmt: skip

BEHAVIOUR_FLAGS = (INITIAL_STATUS, EMAIL_MATCH, FORM_BODY, V2_EMAIL)
