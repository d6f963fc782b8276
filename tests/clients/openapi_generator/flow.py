"""The main flow of both vendors through clients that openapi-generator made of our documents.

Runs as `flow.py URL NAME`, with the three packages on the path; says what it saw as JSON.
"""

import json
import sys

import control_client as control
import predictive_index_client as pi
import pymetrics_client as pymetrics

URL, NAME = sys.argv[1:]
sandboxes = control.SandboxApi(control.ApiClient(control.Configuration(host=URL)))


def order_one(key: str) -> dict[str, object]:
    settings = pymetrics.Configuration(host=URL, api_key={"key": key})
    api = pymetrics.PymetricsMercuryApi(pymetrics.ApiClient(settings))
    asked = pymetrics.TokenBody(client_id=key, client_secret="any", grant_type="client_credentials")
    settings.access_token = api.create_token(asked).access_token
    candidate = pymetrics.OrderBodyCandidate(email="ada@example.com", first_name="Ada")
    wish = pymetrics.OrderBody(
        candidate=candidate,
        assessment_id=api.get_configuration().assessments[0].id,
        application_id="application-42",
        metadata={"a": 1},
    )
    order = api.create_order(wish).order
    sandboxes.act(NAME, str(order.id), "complete")
    done = api.get_order(str(order.id))
    try:
        api.create_order(wish.model_copy(update={"assessment_id": "unknown"}))
    except pymetrics.ApiException as refused:
        status = refused.status
    return {"status": done.status, "score": done.results[0].score, "metadata": order.metadata, "refused": status}


def assess_one(key: str) -> dict[str, object]:
    api = pi.ThePredictiveIndexApi(pi.ApiClient(pi.Configuration(host=URL, api_key={"key": key})))
    wish = pi.AssessmentBody(first_name="Grace", last_name="Hopper", email="grace@example.com", external_id="a-1")
    made = api.create_assessment(wish)
    sandboxes.act(NAME, str(made.assessment_id), "complete")
    done = api.get_assessment(made.assessment_id)
    api.change_assessment(made.assessment_id, pi.AssessmentBody(last_name="Murray"))
    report = api.get_report(made.assessment_id, "PersonDetailReport", "PDF", "Female")
    return {
        "state": done.assessment_state,
        "self": done.self_sigma_score[0].a_sigma,
        "found": [one.last_name for one in api.list_assessments(filter="externalId in ('a-1')")],
        "report": bytes(report[:5]).decode(),
    }


def main() -> None:
    server = control.ServerApi(sandboxes.api_client)
    opened = server.open(control.Opening(name=NAME))
    seen = {
        "pymetrics": order_one(opened.credentials["pymetrics"]["api_key"]),
        "predictive_index": assess_one(opened.credentials["predictive_index"]["api_key"]),
        "mode": sandboxes.turn(NAME, control.Turning(control.TurnAdvance(advance="PT24H"))).mode,
    }
    print(json.dumps(seen))


main()
