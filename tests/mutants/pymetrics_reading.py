"""pymetrics: an order's life, reading and listing, results, reports, and version 2's content."""

from tests.mutants.mutant import Mutant

_ORDERS = "vendors/pymetrics/orders.py"
_RULES = "vendors/pymetrics/rules.py"
_REPORTS = "vendors/pymetrics/reports.py"
_RESULTS = "vendors/pymetrics/results.py"
_STATES = "vendors/pymetrics/states.py"
_FACTORS = "vendors/pymetrics/v2/factors.py"
_V2 = "vendors/pymetrics/v2/rules.py"

MUTANTS = (
    Mutant(
        "pymetrics.status.spelling", _STATES, '"Not Started"', '"NotStarted"',
        "A status is spelt otherwise than the vendor's clients know it.",
    ),
    Mutant(
        "pymetrics.status.progress", _STATES, '"In Progress"', '"In progress"',
        "In Progress is written with a small letter.",
    ),
    Mutant(
        "pymetrics.move.again", _STATES, "(IN_PROGRESS, \"complete\"): COMPLETED,",
        "(IN_PROGRESS, \"complete\"): COMPLETED,\n        (COMPLETED, \"start\"): IN_PROGRESS,",
        "A candidate who has finished can start again.",
    ),
    Mutant(
        "pymetrics.move.expires_done", _STATES, "(IN_PROGRESS, \"expire\"): EXPIRED,",
        "(IN_PROGRESS, \"expire\"): EXPIRED,\n        (COMPLETED, \"expire\"): EXPIRED,",
        "A completed order can expire.",
    ),
    Mutant(
        "pymetrics.move.completes_expired", _STATES, "(IN_PROGRESS, \"complete\"): COMPLETED,",
        "(IN_PROGRESS, \"complete\"): COMPLETED,\n        (EXPIRED, \"complete\"): COMPLETED,",
        "An expired order can be completed.",
    ),
    Mutant(
        "pymetrics.get.wrapped", _ORDERS, "FULFILLED):\n        return Decision(VendorResponse(200, stored))",
        'FULFILLED):\n        return Decision(VendorResponse(200, {"order": stored}))',
        "An order that is read is wrapped in another object.",
    ),
    Mutant(
        "pymetrics.get.unknown", _RULES, '"the id must be that of an order", 404,',
        '"the id must be that of an order", 400,',
        "An unknown order is refused with 400 in place of 404.",
    ),
    Mutant(
        "pymetrics.get.never_fulfils", _ORDERS,
        'fulfils = stored.status == COMPLETED and bool(stored.public["results"])',
        "fulfils = False",
        "An order stays Completed however often its results are fetched.",
    ),
    Mutant(
        "pymetrics.get.fulfils_nothing", _ORDERS,
        'fulfils = stored.status == COMPLETED and bool(stored.public["results"])',
        "fulfils = stored.status == COMPLETED",
        "An order without results becomes Fulfilled when it is read.",
    ),
    Mutant(
        "pymetrics.get.fulfils_unsaid", _ORDERS,
        "VendorResponse(200, order), (Record(RECORD_KIND, stored.id, status, order, internal),)",
        "VendorResponse(200, stored.public), (Record(RECORD_KIND, stored.id, status, order, internal),)",
        "The answer that fulfils an order still shows it Completed.",
    ),
    Mutant(
        "pymetrics.complete.no_results", _ORDERS, 'if status == COMPLETED else order["results"]\n',
        'if False else order["results"]\n',
        "A completed order has no results.",
    ),
    Mutant(
        "pymetrics.complete.results_early", _ORDERS, 'if status == COMPLETED else order["results"]\n',
        'if status == "In Progress" else order["results"]\n',
        "Results are shown as soon as the candidate starts.",
    ),
    Mutant(
        "pymetrics.result.score_text", _RESULTS, '            "score": score,',
        '            "score": score and str(score) + "%",', "A score is a text in place of a number.",
    ),
    Mutant(
        "pymetrics.result.dateless", _RESULTS, '        "create_date": instant.six_digits(request.now),\n', "",
        "A result lacks create_date.",
    ),
    Mutant(
        "pymetrics.result.first_assessment", _RESULTS,
        'show_assessment(chosen) if chosen else order["assessment"]', 'order["assessment"]',
        "A result that was given for another assessment is shown for the ordered one.",
    ),
    Mutant(
        "pymetrics.result.last_only", _RESULTS, "for result in given:", "for result in given[-1:]:",
        "Of several results one is shown.",
    ),
    Mutant(
        "pymetrics.report.unasked", _ORDERS, "reported = wanted and", "reported =",
        "A report is made though nobody asked for one.",
    ),
    Mutant(
        "pymetrics.report.never", _ORDERS, 'request.query.get("report", "").lower() in rules.YES', "False",
        "report=true makes no report.",
    ),
    Mutant(
        "pymetrics.report.capital", _ORDERS, 'request.query.get("report", "").lower() in rules.YES',
        'request.query.get("report", "") in rules.YES',
        "report=True, as the vendor's own client sends it, makes no report.",
    ),
    Mutant(
        "pymetrics.report.typeless", _REPORTS, ', "report_type": "recruiter-report"}', "}",
        "A report lacks report_type, which version 2 requires.",
    ),
    Mutant(
        "pymetrics.report.typed", _REPORTS, 'if request.operation.endswith("_v2") else report', "",
        "A report of version 1 has report_type, a member of version 2.",
    ),
    Mutant(
        "pymetrics.report.media_type", _REPORTS, 'media_type="application/pdf"', 'media_type="text/plain"',
        "A report's file says that it is text.",
    ),
    Mutant(
        "pymetrics.report.link_immortal", _REPORTS, "request.now < int(request.params[\"ticket\"].split(\".\")[3])",
        "True", "A report's link never lapses.",
    ),
    Mutant(
        "pymetrics.report.link_forged", _REPORTS, " and compare_digest(_code(view, id, expiry), code)", "",
        "A report's link serves with a made-up code.",
    ),
    Mutant(
        "pymetrics.report.once", _ORDERS,
        "return Decision(VendorResponse(200, reports.with_fresh_link(stored, request, view)))",
        'return Decision(VendorResponse(200, {**stored.public, "reports": None}))',
        "A report is shown in the answer that made it, and in no other.",
    ),
    Mutant(
        "pymetrics.list.bare", _ORDERS, 'VendorResponse(200, {"orders": found}, notes=notes)',
        "VendorResponse(200, found, notes=notes)", "A list of orders is a bare array.",
    ),
    Mutant(
        "pymetrics.list.either", _ORDERS, "ids = [id for id in ids if id in of_application]",
        "ids = [*dict.fromkeys([*ids, *of_application])]",
        "A list for an application and a candidate shows what fits either.",
    ),
    Mutant(
        "pymetrics.list.latest", _ORDERS, 'ids = view.ids("pymetrics.application", str(application))',
        'ids = view.ids("pymetrics.application", str(application))[-1:]',
        "A list for an application shows its last order only.",
    ),
    Mutant(
        "pymetrics.list.without_candidate", _ORDERS,
        '        *((("pymetrics.candidate", external_id),) if external_id else ()),\n', "",
        "Orders are not found by the candidate's external_id.",
    ),
    Mutant(
        "pymetrics.list.unfiltered", _RULES,
        'any(field.of(request.body) not in (None, "") for field in LIST_FIELDS)', "True",
        "A list without a filter is answered.",
    ),
    Mutant(
        "pymetrics.v2.list_unfiltered", _V2,
        "any(request.query.get(field.slug) for field in rules.LIST_FIELDS)", "True",
        "Version 2 answers a list without a filter.",
    ),
    Mutant(
        "pymetrics.v2.list_by_candidate", _ORDERS, "= _list(request.query, request, view)",
        '= _list({"job_application_id": request.query.get("job_application_id")}, request, view)',
        "Version 2's list heeds no candidate_id.",
    ),
    Mutant(
        "pymetrics.v2.path", "vendors/pymetrics/__init__.py", '"GET", "/mercury/v2/assessments"',
        '"GET", "/mercury/v2/configuration"',
        "Version 2's configurations answer at version 1's name.",
    ),
    Mutant(
        "pymetrics.v2.factor_lost", _FACTORS, "for factor in FACTORS]", "for factor in FACTORS[1:]]",
        "Factor content tells eight of nine factors.",
    ),
    Mutant(
        "pymetrics.v2.directions_lost", _FACTORS,
        "for one in taken.values()],", "for one in ()],",
        "Factor content does not tell what the model asks for.",
    ),
    Mutant(
        "pymetrics.v2.factor_scoreless", _V2, "_MUST_SCORE, 400, Standing.DOCUMENTED",
        "_MUST_SCORE, 404, Standing.DOCUMENTED",
        "Factor content of an order without results is refused with 404 in place of 400.",
    ),
    Mutant(
        "pymetrics.v2.quintile", _FACTORS, '"quintile": str(fifth),', '"quintile": fifth,',
        "A capability's quintile is a number in place of a text.",
    ),
    Mutant(
        "pymetrics.v2.managers", _V2, '    "manager": "Your team member\'s capabilities",\n', "",
        "There is no capability content for managers.",
    ),
    Mutant(
        "pymetrics.configuration.renamed", _ORDERS, '(200, {"assessments":', '(200, {"configurations":',
        "The configurations stand under another name.",
    ),
    Mutant(
        "pymetrics.configuration.first", _ORDERS, "for one in view.config.assessments]",
        "for one in view.config.assessments[:1]]", "Of several configurations one is shown.",
    ),
    Mutant(
        "pymetrics.configuration.type", _RULES, '"type": assessment.type',
        '"type": assessment.type.upper()', "An assessment's type is none of the vendor's.",
    ),
)  # fmt: skip
