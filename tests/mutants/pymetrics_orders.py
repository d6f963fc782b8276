"""pymetrics: creating orders, and what is demanded of them."""

from tests.mutants.mutant import Mutant

_ORDERS = "vendors/pymetrics/orders.py"
_RULES = "vendors/pymetrics/rules.py"

MUTANTS = (
    Mutant(
        "pymetrics.order.ok", _ORDERS, 'VendorResponse(201, {"order": order', 'VendorResponse(200, {"order": order',
        "A new order is answered with 200 in place of 201.",
    ),
    Mutant(
        "pymetrics.order.denied", _ORDERS, '"order": order, "created": True', '"order": order, "created": False',
        "The answer to a new order says that it was there already.",
    ),
    Mutant(
        "pymetrics.order.flat", _ORDERS, 'VendorResponse(201, {"order": order, "created": True}',
        'VendorResponse(201, {**face, "created": True}',
        "A new order is answered bare in place of under the member order.",
    ),
    Mutant(
        "pymetrics.repeat.created", _ORDERS, '(200, {"order": known', '(201, {"order": known',
        "An order that exists already is answered with 201 in place of 200.",
    ),
    Mutant(
        "pymetrics.repeat.claimed", _ORDERS, '"order": known, "created": False', '"order": known, "created": True',
        "The answer to a repeated order says that it is new.",
    ),
    Mutant(
        "pymetrics.repeat.twice", _ORDERS, 'view.latest_id("pymetrics.order", identity) if identity else',
        "None if identity else", "The same order sent twice makes two orders.",
    ),
    Mutant(
        "pymetrics.repeat.whatever_assessment", _ORDERS,
        'ends = assessment.id, body["application_id"]',
        'ends = (body["application_id"],)',
        "A candidate who is ordered another assessment gets the order of the first.",
    ),
    Mutant(
        "pymetrics.repeat.whatever_application", _ORDERS,
        'ends = assessment.id, body["application_id"]', "ends = (assessment.id,)",
        "A candidate who applies for a second time gets the order of the first application.",
    ),
    Mutant(
        "pymetrics.repeat.whoever", _ORDERS, "return repr((email, *ends))", "return repr(ends)",
        "Two candidates of one application share an order.",
    ),
    Mutant(
        "pymetrics.repeat.by_external_id", _ORDERS,
        "return repr((email, *ends))", "return repr((email, external_id, *ends))",
        "The same order with another external_id makes a second order.",
    ),
    Mutant(
        "pymetrics.repeat.letter_case", _ORDERS, "email.strip().casefold()", "email.strip()",
        "The same address in capitals makes a second order.",
    ),
    Mutant(
        "pymetrics.repeat.after_expiry", _ORDERS, "    if id is not None:\n        known",
        '    if id is not None and _stored(view, id).status != "Expired":\n        known',
        "Once an order has expired the same one makes another.",
    ),
    Mutant(
        "pymetrics.repeat.changes",
        _ORDERS,
        "        known = reports.with_fresh_link(_stored(view, id), request, view)\n",
        """        stored = _stored(view, id)
        face = {**stored.public, "requisition_title": request.body.get("requisition_title")}
        saved = Record(RECORD_KIND, id, stored.status, face, stored.internal)
        return Decision(VendorResponse(200, {"order": order, "created": False}), (saved,))
        known = stored
""",
        "An order sent again with another title changes the one that exists.",
    ),
    Mutant(
        "pymetrics.repeat.mails",
        _ORDERS,
        'VendorResponse(200, {"order": known, "created": False}, notes=notes))',
        'VendorResponse(200, {"order": known, "created": False}, notes=notes), '
        '(_mail(call, _stored(view, id).public),) if request.body.get("send_email") else ())',
        "An order sent again mails the candidate a second time.",
    ),
    Mutant(
        "pymetrics.order.unasked_mail", _ORDERS, "if sends_email and email else", "if email else",
        "The candidate is mailed though nobody asked for it.",
    ),
    Mutant(
        "pymetrics.order.no_mail", _ORDERS, "if sends_email and email else", "if False else",
        "The candidate is not mailed though send_email says so.",
    ),
    Mutant(
        "pymetrics.order.metadata_lost", _ORDERS, '"metadata": body.get("metadata"),', '"metadata": None,',
        "metadata does not come back.",
    ),
    Mutant(
        "pymetrics.order.metadata_lowered",
        _ORDERS,
        '"metadata": body.get("metadata"),',
        '"metadata": body.get("metadata") and {name.lower(): value for name, value in body["metadata"].items()},',
        "The names in metadata come back in lower case.",
    ),
    Mutant(
        "pymetrics.order.metadata_nulls",
        _ORDERS,
        '"metadata": body.get("metadata"),',
        '"metadata": body.get("metadata") and {k: v for k, v in body["metadata"].items() if v is not None},',
        "What is null in metadata does not come back.",
    ),
    Mutant(
        "pymetrics.order.title_trimmed",
        _ORDERS,
        '"requisition_title": body.get("requisition_title"),',
        '"requisition_title": (body.get("requisition_title") or "").strip() or None,',
        "requisition_title loses its outer blanks.",
    ),
    Mutant(
        "pymetrics.order.requisition_lost", _ORDERS, '"requisition_id": body.get("requisition_id"),',
        '"requisition_id": None,',
        "requisition_id does not come back.",
    ),
    Mutant(
        "pymetrics.order.redirect_lost", _ORDERS, '"candidate_redirect_url": body.get("candidate_redirect_url"),',
        '"candidate_redirect_url": None,',
        "candidate_redirect_url does not come back.",
    ),
    Mutant(
        "pymetrics.order.names_swapped",
        _ORDERS,
        '"candidate": {name: body["candidate"].get(name) for name in _CANDIDATE},',
        """"candidate": {name: body["candidate"].get(name) for name in _CANDIDATE}
        | {"first_name": body["candidate"].get("last_name"), "last_name": body["candidate"].get("first_name")},""",
        "A candidate's first and last name change places.",
    ),
    Mutant(
        "pymetrics.order.email_lowered",
        _ORDERS,
        '"candidate": {name: body["candidate"].get(name) for name in _CANDIDATE},',
        """"candidate": {name: body["candidate"].get(name) for name in _CANDIDATE}
        | {"email": (body["candidate"].get("email") or "").lower() or None},""",
        "A candidate's address is shown in lower case, whatever was sent.",
    ),
    Mutant(
        "pymetrics.order.no_null", _ORDERS, '        "recruiter_report": None,\n', "",
        "recruiter_report is absent in place of null.",
    ),
    Mutant(
        "pymetrics.order.assessment_id_gone", _ORDERS, '        "assessment_id": assessment.id,\n', "",
        "An order lacks assessment_id, which is deprecated but required.",
    ),
    Mutant(
        "pymetrics.order.first_assessment", _ORDERS,
        'rules.find_assessment(view.config, body["assessment_id"])', "view.config.assessments[0]",
        "Whichever assessment is ordered, the first one is.",
    ),
    Mutant(
        "pymetrics.order.ats", _ORDERS, '"ats_type": "mercury_api"', '"ats_type": "mercury"',
        "ats_type is none of the vendor's.",
    ),
    Mutant(
        "pymetrics.order.local_time", "core/instant.py", ':06d}+00:00"', ':06d}"',
        "Instants lack their offset.",
    ),
    Mutant(
        "pymetrics.order.linkless", _ORDERS, '"invite_link": f"{BASE_URL_TOKEN}/pymetrics/invite/{LINK_TOKEN}.{id}",',
        '"invite_link": None,',
        "A new order has no invite_link, which version 1 requires.",
    ),
    Mutant(
        "pymetrics.rule.email", _RULES, "        EMAIL_REQUIRED,\n        Rule(", "        Rule(",
        "An order without the candidate's address is accepted.",
    ),
    Mutant(
        "pymetrics.rule.required_422", _RULES, 'f"{field.slug} is required", 400,', 'f"{field.slug} is required", 422,',
        "A body that lacks a member is refused with 422 in place of 400.",
    ),
    Mutant(
        "pymetrics.rule.unknown_assessment", _RULES,
        '"assessment_id must be the id of one of the configured assessments", 400,',
        '"assessment_id must be the id of one of the configured assessments", 404,',
        "An assessment that is not configured is refused with 404 in place of 400.",
    ),
    Mutant(
        "pymetrics.rule.types", _RULES, '        *type_rules("pymetrics.order", ORDER_FIELDS, 400),\n', "",
        "A number is taken for a name.",
    ),
    Mutant(
        "pymetrics.rule.redirect_length", _RULES, "LONGEST_URL = 65_536", "LONGEST_URL = 2_083",
        "A candidate_redirect_url of 2,084 characters is refused, though 65,536 are allowed.",
    ),
    Mutant(
        "pymetrics.rule.redirect_url", _RULES, '_ORDER["candidate_redirect_url"].passes(is_url)',
        '_ORDER["candidate_redirect_url"].passes(bool)',
        "candidate_redirect_url may be any text.",
    ),
    Mutant(
        "pymetrics.rule.unreadable", _RULES, 'f"{prefix}.body.json", "body", statement, 400,',
        'f"{prefix}.body.json", "body", statement, 415,',
        "A body that is no JSON is refused with 415 in place of 400.",
    ),
)  # fmt: skip
