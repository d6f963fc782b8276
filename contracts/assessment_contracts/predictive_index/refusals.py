"""Every rule of The Predictive Index, violated by requests that are invalid in one respect."""

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.invalid_requests import Request, Vendor, check_refusal, invalid_requests, refusals
from assessment_contracts.predictive_index import calls, errors, fixtures, strategies
from assessment_contracts.predictive_index.facts import FACTS, FOLDER, TABLES
from assessment_contracts.predictive_index.strategies import TAKER
from assessment_contracts.property import given
from assessment_contracts.registry import ASSUMED, Registry
from assessment_contracts.sources import Standing

VENDOR = Vendor(
    "pi", "predictive_index", FACTS, FOLDER, TABLES,
    bodies={"taker": strategies.names, "change": strategies.changes},
    words=fixtures.known_ids, prepared=calls.quiet, readable=fixtures.readable,
    errors={
        "vendor": errors.vendor, "stock": errors.stock, "denied": errors.denied, "no route": errors.no_route,
    },
)  # fmt: skip
contract = Registry("pi.refusals", FACTS)
_STANDINGS = {fact.id: fact.standing for fact in FACTS}
_INVALID = invalid_requests(VENDOR)
_DOCUMENTED = tuple(
    request
    for one in _INVALID if _STANDINGS[one.rule] is Standing.DOCUMENTED and one.name == "broken" and not one.needs
    for request in one.requests
)  # fmt: skip


@contract(examples=2)
@given(request=st.sampled_from(_DOCUMENTED))
def documented(context: Context, request: Request) -> None:
    """A request that violates a documented rule returns an error, whichever it is.

    The API Guide says that errors have a status of 400 or above. No page says which status belongs to which rule, so
    the properties that require a certain one are assumed.
    """
    answer = VENDOR.send(context.sandbox, request, {"taker": TAKER, "change": {}})
    assert 400 <= answer.status < 600, f"{request} returned {answer.status}: {answer.text[:200]}"


_MEMBERS = {member.name: member for member in TABLES.requests["assessment"].members[10:]}


@contract("errors", standing=ASSUMED)
@given(wrong=st.sets(st.sampled_from(sorted(_MEMBERS)), min_size=1, max_size=4))
def parameters(context: Context, wrong: set[str]) -> None:
    """A refusal lists every invalid member once, by its name.

    A caller who made four mistakes learns of all four at once, not of one after the other.
    """
    answer = calls.create(context.sandbox, {**TAKER, **{name: {"a": {}} for name in wrong}})
    assert answer.status == 400, f"{answer.status} instead of 400"
    errors.vendor(answer)
    if context.is_simulator:
        check_refusal(answer, 400, {f"pi.create.{_MEMBERS[name].rule}.type" for name in wrong})
        assert sorted(errors.parameters(answer)) == sorted(wrong), f"invalid are {sorted(wrong)}: {answer.text}"


PROPERTIES = (*contract.properties, *refusals(VENDOR))
