"""Every rule of pymetrics, violated by requests that are invalid in one respect."""

from typing import Any

from hypothesis import strategies as st

from assessment_contracts.invalid_requests import Vendor, refusals
from assessment_contracts.pymetrics import api, errors, fixtures
from assessment_contracts.pymetrics import strategies as of
from assessment_contracts.pymetrics.facts import FACTS, FOLDER, TABLES
from assessment_contracts.sandbox import Sandbox


def _prepared(sandbox: Sandbox, body: Any) -> Any:
    if body == "credentials":
        return api.client(sandbox)
    if body == "known order":
        shown = fixtures.known(sandbox) if sandbox.control_headers is not None else of.PLAIN
        body = {**of.PLAIN, "candidate": shown["candidate"], "application_id": shown["application_id"]}
    return api.filled(sandbox, body)


VENDOR = Vendor(
    "pymetrics", "pymetrics", FACTS, FOLDER, TABLES,
    bodies={
        "credentials": st.just("credentials"), "order": of.orders(), "known order": st.just("known order"),
        "filters": st.just({"job_application_id": "application-42", "candidate_id": "candidate-7"}),
    },
    words=fixtures.words, prepared=_prepared, readable=fixtures.readable,
    errors={"envelope": errors.envelope, "gateway": errors.gateway}, create=fixtures.known,
)  # fmt: skip
PROPERTIES = refusals(VENDOR)
