"""The choices of ours that callers can depend on, what a wrong one looks like at the vendor, and how to find out."""

from assessment_simulator.core.sources import Assumption

# What no page settles, the costliest first.
ASSUMPTIONS = (
    Assumption(
          "A refusal is a 400, or a 404 for an unknown id, with one object that lists what is wrong in parameterErrors",
          "another status (409, 422, 500), or an empty parameterErrors: a client that branches on either takes another "
          "path", (), "`check server --only 'pi.create.*.broken' --only 'pi.change.*.broken'`",
          ("pi.create.gender.value", "pi.change.locator", "pi.get.known", "pi.change.known")),
    Assumption("A key that does not work gives 401 with ASP.NET's message",
          "the same status with another body: a client that reads `Message` finds nothing", (),
          "`check server --only pi.access.key.broken`", ("pi.access.key",)),
    Assumption("The list is a bare array in the order of creation, and holds as many as the flag says",
          "an object around the array, another order, or fewer assessments than there are: a client that reads one "
          "page misses the rest", ("pi.list_limit",), "by hand: read the list of more than 50 assessments",
          ("pi.list.array", "pi.list_limit")),
    Assumption(
          "Filters have the operators and functions that pi.list.grammar lists, of OData 4 and some of OData 3; the "
          "list takes the query options that pi.list.options and pi.list.count name",
          "a filter that works here is refused or finds something else there", (),
          "by hand: send each filter that your client sends", ("pi.list.grammar", "pi.list.options", "pi.list.count")),
    Assumption("State 0 is shown by the creation and stays until an e-mail or the link; then 10, 20, 30 and 40 follow",
          "10 at once, or states in another order: a client that waits for one of them waits endlessly",
          ("pi.created_state", "pi.unsent_state", "pi.state_member"),
          "by hand: create one assessment with and one without an e-mail, and read both before and after opening",
          ("pi.states.zero", "pi.states.sent", "pi.states.moves")),
    Assumption("A webhook is sent once, at completion, as the first generation's form",
          "a call at the creation as well, or JSON: a listener that takes every call for a completion is wrong",
          ("pi.webhook_on", "pi.webhook_source", "pi.webhook_member", "pi.webhook_format"),
          "by hand: give a listener that keeps what it gets, and complete an assessment",
          ("pi.webhook.form", "pi.webhook.states")),
    Assumption(
          "Nine tries in 24 hours, the first gap 5.625 minutes, each next twice the last; 408, 429, 500 and 502 to 504 "
          "are tried again, any other status is final",
          "other gaps, or no second try: a listener that was down for an hour never receives the completion", (),
          "by hand: let a listener answer 503, then 400, and write down the times",
          ("pi.webhook.tries", "pi.webhook.gaps", "pi.webhook.again", "pi.webhook.final")),
    Assumption("Scores are an array of one object aSigma to eSigma; patternNumber is numbered in an order of our own",
          "another container (a parser fails), or another profile behind the same number",
          ("pi.sigma_container", "pi.sigma_graphs"), "by hand: complete one assessment, compare it with the portal",
          ("pi.face.sigma", "pi.face.pattern_number")),
    Assumption("All members of the example are always there, personType is a name, and instants have seven decimals",
          "members that are missing, a number for personType, or fewer decimals: a strict parser fails",
          ("pi.response_members", "pi.person_type"), "`check server --only pi.assessment.whole`",
          ("pi.face.members", "pi.face.instants.zeros", "pi.person_type")),
    Assumption(
          "A PATCH answers with the whole assessment; a later date revives an expired one; an externalId means the "
          "latest assessment that has it",
          "an empty answer, an assessment that stays expired, or a change of another assessment",
          ("pi.revive_expired",), "`check server --only pi.change.located --only pi.change.named`",
          ("pi.change.whole", "pi.change.revives", "pi.change.latest")),
    Assumption("A known externalId assesses that assessment's taker again",
          "a new person, or a refusal: results end up with the wrong taker", (),
          "`check server --only 'pi.people.*'`", ("pi.create.external_person_id.match",)),
    Assumption("An unknown folder is refused, and so is a member of another JSON type",
          "the assessment is created in the default folder, or \"1\" is taken for 1: a mistake that is found here is "
          "not found there", (), "`check server --only pi.create.folder.exists.broken --only pi.assessment.types`",
          ("pi.create.folder.exists", "pi.create.gender.type")),
    Assumption("Without a date an invitation is valid for 10 days, with a date alone until the last tick of that day",
          "an invitation that expires earlier or later than your client says to the taker", ("invitation_days",),
          "by hand: create one assessment without a date and one with a date alone",
          ("pi.create.expires", "pi.create.day")),
    Assumption(
          "DELETE answers 204, and what is archived is gone", "another status, or assessments that are still listed",
          ("pi.archive_status",), "`check server --only pi.change.archived`", ("pi.archive", "pi.archive_status")),
    Assumption(
          "There is no rate limit unless a sandbox sets rate_limit; then too many calls get 429 with the API Guide's "
          "object, and X-RateLimit-Limit is on the answers",
          "Azure API Management's own body with Retry-After, or no header at all", ("rate_limit",),
          "by hand: send more calls in a minute than your limit", ("pi.access.rate", "pi.rate.header")),
    Assumption("There is no report and no pattern before completion (404); what they look like is ours",
          "another status, or a file that has other contents", (),
          "`check server --only pi.pattern.complete.broken --only pi.report.complete.broken`",
          ("pi.pattern.complete", "pi.report.complete")),
)  # fmt: skip
