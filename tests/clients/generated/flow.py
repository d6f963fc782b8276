"""The main flow of both vendors through clients that openapi-python-client made of our documents.

Runs as `flow.py URL NAME`, with the three packages on the path; says what it saw as JSON.
"""

import json
import sys

from control_client import Client as Control
from control_client.api.sandbox import act, clock, deliveries, turn
from control_client.api.server import open_
from control_client.models import Opening, TurnAdvance
from predictive_index_client import AuthenticatedClient as KeyClient
from predictive_index_client.api.the_predictive_index import (
    change_assessment,
    create_assessment,
    get_assessment,
    get_report,
    list_assessments,
    search_people,
)
from predictive_index_client.models import AssessmentBody, GetReportFormat, GetReportGender, GetReportReportType
from pymetrics_client import AuthenticatedClient, Client
from pymetrics_client.api.pymetrics_mercury import (
    create_order,
    create_token,
    get_configuration,
    get_factor_content,
    get_order,
    list_orders_v2,
)
from pymetrics_client.models import OrderBody, OrderBodyCandidate, TokenBody, TokenBodyGrantType

URL, NAME = sys.argv[1:]
control = Control(base_url=URL, raise_on_unexpected_status=True)


def pymetrics(name: str, key: str) -> dict[str, object]:
    asked = TokenBody(client_id=key, client_secret="any", grant_type=TokenBodyGrantType.CLIENT_CREDENTIALS)
    token = create_token.sync(client=Client(base_url=URL), body=asked).access_token
    client = AuthenticatedClient(base_url=URL, token=token, headers={"X-Api-Key": key}, raise_on_unexpected_status=True)
    offered = get_configuration.sync(client=client).assessments
    candidate = OrderBodyCandidate(email="ada@example.com", first_name="Ada", external_id="candidate-7")
    wish = OrderBody(candidate=candidate, assessment_id=offered[0].id, application_id="application-42")
    order = create_order.sync(client=client, body=wish).order
    again = create_order.sync(client=client, body=wish)
    act.sync(name, order.id, "complete", client=control)
    done = get_order.sync(order.id, client=client, report=True)
    refused = create_order.sync(client=client, body=OrderBody(candidate, "unknown", "application-42"))
    return {
        "again": again.created,
        "status": done.status,
        "score": done.results[0].score,
        "report": done.reports[0].download_url,
        "factors": len(get_factor_content.sync(order.id, client=client).factors),
        "found": [one.id == order.id for one in list_orders_v2.sync(client=client, candidate_id="candidate-7").orders],
        "refused": refused.message,
    }


def predictive_index(name: str, key: str) -> dict[str, object]:
    # The generator knows no PDF: what comes as one is "unexpected", but there to be read.
    client = KeyClient(base_url=URL, token=key, prefix="", auth_header_name="api-key")
    wish = AssessmentBody(first_name="Grace", last_name="Hopper", email="grace@example.com", external_id="a-1")
    made = create_assessment.sync(client=client, body=wish)
    act.sync(name, str(made.assessment_id), "complete", client=control)
    done = get_assessment.sync(made.assessment_id, client=client)
    change_assessment.sync(made.assessment_id, client=client, body=AssessmentBody(last_name="Murray"))
    report = get_report.sync_detailed(
        made.assessment_id,
        GetReportReportType.PERSONDETAILREPORT,
        client=client,
        format_=GetReportFormat.PDF,
        gender=GetReportGender.FEMALE,
    )
    return {
        "state": done.assessment_state,
        "self": done.self_sigma_score[0].a_sigma,
        "found": [one.last_name for one in list_assessments.sync(client=client, filter_="externalId eq 'a-1'")],
        "people": search_people.sync(client=client, search="murray").total_search_results,
        "report": report.content[:5].decode(),
    }


def main() -> None:
    opened = open_.sync(client=control, body=Opening(name=NAME))
    keys = opened.credentials.additional_properties
    seen = {
        "pymetrics": pymetrics(opened.name, keys["pymetrics"]["api_key"]),
        "predictive_index": predictive_index(opened.name, keys["predictive_index"]["api_key"]),
        "mode": clock.sync(opened.name, client=control).mode,
        "events": len(turn.sync(opened.name, client=control, body=TurnAdvance(advance="PT24H")).events),
        "deliveries": len(deliveries.sync(opened.name, client=control)),
    }
    print(json.dumps(seen))


main()
