"""What pymetrics guarantees besides its rules, and what of it is not simulated."""

from assessment_simulator.core.sources import Guarantee, Omission, Source, Standing, ours
from assessment_simulator.vendors.pymetrics.sources import BOTH, SDK, V2, V2_1


def _documented(id: str, statement: str, where: str, title: str = BOTH) -> Guarantee:
    return Guarantee(f"pymetrics.{id}", statement, Standing.DOCUMENTED, Source(title, where))


def _observed(id: str, statement: str, where: str, title: str = SDK) -> Guarantee:
    return Guarantee(f"pymetrics.{id}", statement, Standing.OBSERVED, Source(title, where))


def _assumed(id: str, statement: str, reason: str) -> Guarantee:
    return Guarantee(f"pymetrics.{id}", statement, Standing.ASSUMED, ours(reason))


GUARANTEES = (
    _documented("token.created", "A token call answers 201 with access_token, token_type, expires_in and scope",
        "Generate OAuth Token, response 201"),
    _documented("token.life", "A token lives 3600 seconds; there is no refresh token",
        "Generate OAuth Token, expires_in: usually 3600"),
    _documented("token.keyless", "The token call alone needs no X-Api-Key", "Introduction, authentication"),
    _documented("order.created", "A new order answers 201, created is true", "Create Assessment Order, response 201"),
    _documented("order.resolved",
        "An order for the same e-mail, assessment and application answers 200 with the one that exists",
        "Create Assessment Order, response 200"),
    _assumed("order.unchanged", "Ordering again changes nothing and sends no second mail, whatever else was sent",
        "the documents speak of resolving to an existing object"),
    _documented("order.mail", "send_email has the vendor mail the invitation; it is false unless sent",
        "OrderRequest, send_email"),
    _documented("order.echo", "requisition_id, requisition_title and metadata come back as they were sent",
        "OrderRequest"),
    _assumed("order.nulls", "Members that are not set are null, not absent",
        "the vendor's client was changed by hand to bear a null metadata; the others are taken to be alike"),
    _observed("order.statuses",
        "The statuses are Rejected, Pending, Accepted, Not Started, In Progress, Completed, Fulfilled, Expired",
        "models/pontem_order_statuses.py"),
    _assumed("order.initial", "A new order is Not Started and has its link at once (a behaviour flag)",
        "version 1 demands the link in the answer to a creation"),
    _assumed("id.case", "A UUID is known in letters of either case, in paths and as assessment_id",
        "the ids are UUIDs, whose letters have no case"),
    _assumed("order.moves",
        "Not Started, In Progress, Completed; or Rejected before the start, or Expired before the end",
        "one move is documented; the others are told by their names"),
    _assumed("order.stays", "An order never expires by itself", "no expiry is documented"),
    _documented("order.fulfilled", "Getting an order moves it from Completed to Fulfilled when it has results",
        "Get Assessment Order, description"),
    _assumed("order.fulfilled.shown", "The answer that fulfils an order shows it Fulfilled",
        "the description says that retrieving moves it"),
    _documented("order.report", "report=true makes a report when there is none", "Get Assessment Order, report"),
    _assumed("order.report.early", "report=true before completion answers 200 without a report",
        "no 400 is listed for this call"),
    _documented("order.report.link", "A report is fetched from a presigned download_url, without headers",
        "MercuryReport, download_url"),
    _assumed("order.report.life", "A download_url answers for an hour; each answer shows a fresh one; the file is PDF",
        "presigned addresses lapse; neither life nor format is documented"),
    _documented("list.both", "Listing filters by application and by candidate; it may find nothing, with 200",
        "List Assessment Orders"),
    _assumed("list.and", "Two filters must both match; candidate_id is the candidate's external_id",
        "no other identifier of a candidate is ever shown"),
    _assumed("list.still", "Listing does not fulfil orders", "only the description of Get says so"),
    _documented("v2.same", "Version 2 has other paths and verbs for the same calls", "paths of the operations", V2),
    _assumed("v2.shared", "Both versions show the same orders, and tokens of either serve both",
        "one service stands behind both, and the pages describe both in the same words"),
    _documented("v2.loose", "In version 2 e-mail, invite_link and description are optional; reports have a report_type",
        "models against those of 1.3.0", V2),
    _documented("v2.factors", "Factor content tells an order's factors once it has results", "Get Factor Content", V2),
    _documented("v2.capabilities", "Capability content tells them for talents, recruiters or managers",
        "Get Capability Content", V2_1),
    _assumed("v2.capabilities.path", "Its path is /mercury/v2/capabilityContent/{uuid}/{type}",
        "the page shows the parameters and not the path; it is named as that of factor content is"),
    _observed("v2.capabilities.members", "It has the members of the sample", "Get Capability Content, response sample",
        V2_1),
    _documented("error.envelope", "An error has request_id, recoverable and message; recoverable invites the same call",
        "ErrorResponse"),
    _assumed("results.scale", "A score is a number from 0 to 100, a band one of three tiers",
        "the vendor's slides and press speak of percentages and show three tiers"),
    _assumed("types", "ats_type is mercury_api; types of assessments are games, video_interview and nlr",
        "the vendor's client lists these values, and others; that orders of this API have this one follows from "
        "its name"),
    _assumed("dates", "Instants are written as Python's isoformat does, with an offset",
        "the clients parse ISO 8601, and the service seems to be written in Python"),
    _assumed("webhook", "EXTENSION: status changes are told to the sandbox's webhook_url",
        "the vendor has no webhook; ours is signed as the Standard Webhooks specification says"),
)  # fmt: skip

OMISSIONS = (
    Omission("The SOAP web services, versions 1 to 3",
        "another interface; only the beginnings of their pages could be read"),
    Omission("The Harver Public API with its webhooks", "another product, which does not mention Mercury"),
    Omission("The games, the videos and the reasoning tests",
        "the candidate's page has three little games of ours, the same for every assessment"),
    Omission("What scores mean",
        "they follow from those games, are drawn from the sandbox's seed, or given with the action `complete`"),
    Omission("recruiter_report, the link beside `reports`", "nothing says what it leads to; it is null"),
    Omission("development-report as a kind of report", "nothing says when one is made; recruiter-report always is"),
    Omission("Groups of assessments with several results", "drawn results are one; `complete` takes any number"),
    Omission("ATS types but mercury_api",
        "by their names they are those of orders that come by other ways than this API"),
    Omission("Uniqueness across clients of one organisation", "a sandbox has one client"),
    Omission("The gateway's answer to an unknown route (403)", "a 404 in the envelope tells a caller more"),
    Omission("The live service's wording of messages, and its 500", "not documented; nothing of ours fails on purpose"),
)  # fmt: skip
