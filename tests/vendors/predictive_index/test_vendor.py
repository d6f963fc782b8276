"""The vendor's table as a whole."""

from assessment_simulator.vendors.predictive_index import VENDOR


def test_the_endpoints_are_those_of_the_vendors_pages() -> None:
    assert [(endpoint.method, endpoint.path, endpoint.operation.name) for endpoint in VENDOR.endpoints] == [
        ("POST", "/api/v1/behavioralassessments", "create_assessment"),
        ("GET", "/api/v1/behavioralassessments/{assessmentId}", "get_assessment"),
        ("GET", "/api/v1/behavioralassessments", "list_assessments"),
        ("PATCH", "/api/v1/behavioralassessments/{assessmentId}", "change_assessment"),
        ("PATCH", "/api/v1/behavioralassessments", "change_by_external_id"),
        ("DELETE", "/api/v1/behavioralassessments/{assessmentId}", "archive_assessment"),
        ("GET", "/api/v1/behavioralassessments/{assessmentId}/patterns/{patternType}", "get_pattern"),
        ("GET", "/api/v1/behavioralassessments/{assessmentId}/reports/{reportType}", "get_report"),
        ("GET", "/api/v2/peopleandjobs", "search_people"),
    ]


def test_an_endpoint_names_every_status_that_its_rules_refuse_with() -> None:
    for endpoint in VENDOR.endpoints:
        rules = {rule for stage in endpoint.operation.stages for rule in stage} - {VENDOR.http_rules["route"]}
        assert {rule.status for rule in rules} <= set(endpoint.statuses)


def test_every_rule_has_place_statement_and_source() -> None:
    places = ("request", "header", "body", "path", "query")
    rules = [rule for rule in VENDOR.rules if rule.id.startswith("pi.") and rule.place.partition(".")[0] in places]
    assert [rule for rule in rules if rule.statement and rule.source.where] == [*VENDOR.rules]


def test_every_action_is_an_operation_of_its_own_name() -> None:
    assert list(VENDOR.actions) == ["open", "start", "complete", "expire", "abort"]
    assert list(VENDOR.sample_actions) == ["fail"]
    assert all(VENDOR.operations[name].name == name for name in VENDOR.actions)
