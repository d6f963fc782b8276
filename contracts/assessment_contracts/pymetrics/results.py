"""Results: none before the end, then a score and a band, the same wherever they are shown."""

from typing import Any

from hypothesis import strategies as st

from assessment_contracts import timestamps
from assessment_contracts.context import Context
from assessment_contracts.property import given
from assessment_contracts.pymetrics import api
from assessment_contracts.pymetrics.facts import FACTS, TABLES
from assessment_contracts.pymetrics.model import LEANS, band
from assessment_contracts.pymetrics.strategies import PLAIN, instants, plain_orders, texts, versions
from assessment_contracts.registry import CONTROL, Registry
from assessment_contracts.sandbox import Sandbox

contract = Registry("pymetrics.results", FACTS, CONTROL)

_BANDS = ("Highly Recommended", "Recommended", "Not Recommended")
ALIGNMENTS = dict(zip(_BANDS, ("High Alignment", "Moderate Alignment", "Low Alignment"), strict=True))


def completed(sandbox: Sandbox, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A new order, completed, as the list shows it."""
    made = api.order(sandbox, api.own(sandbox, body))
    sandbox.act(made["id"], "complete", **more)
    return api.look(sandbox, made)


@contract("results.scale types dates v2.same")
@given(lean=st.sampled_from(("", *LEANS)), body=plain_orders, at=instants, version=versions)
def drawn(context: Context, lean: str, body: dict[str, Any], at: str, version: api.Version) -> None:
    """A completed order has one result: a score from 0 to 100, its band, the assessment and the time of completion.

    Both versions of the API return the same result at every read.
    """
    sandbox = context.sandbox
    sandbox.freeze("1969-07-20T20:17:40Z")
    sandbox.forget_token()
    asked = api.own(sandbox, body)
    asked["candidate"] = {**asked["candidate"], "email": f"{api.unused(sandbox)}{lean}@example.com"}
    made = api.order(sandbox, asked, version)
    sandbox.freeze(at)
    sandbox.forget_token()
    sandbox.act(made["id"], "complete")
    shown = api.read(sandbox, made["id"], version)
    TABLES.check(shown, "order")
    (result,) = shown["results"]
    low, high = LEANS.get(lean, (0, 100))
    assert low <= result["score"] <= high, f"a score of {result['score']} with {lean or 'no tag'}"
    assert result["band"] == band(result["score"]), f"{result['score']} is in band {result['band']}"
    assert result["description"], "the result is not described"
    api.same(result["assessment"], made["assessment"], "the result's assessment")
    assert result["create_date"] == timestamps.six_decimals(timestamps.parsed(at)), f"{result['create_date']} for {at}"
    for look in api.VERSIONS:
        api.same(api.read(sandbox, made["id"], look), shown, f"the order as version {look.number} reads it")
        api.same(api.look(sandbox, made, look), shown, f"the order as version {look.number} lists it")


_SCORES = st.none() | st.sampled_from((0, 100, 39.99, 40, 69.99, 70, 1.5, 99, -3, 250))
_given_results = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "score": _SCORES,
            "band": st.sampled_from((None, "Recommended", "Another", "")),
            "description": st.none() | texts,
            "which": st.integers(0, 2),
        },
    ),
    max_size=3,
)


@contract("results.scale order.fulfilled", name="given")
@given(wanted=_given_results, version=versions)
def as_given(context: Context, wanted: list[dict[str, Any]], version: api.Version) -> None:
    """Results that are given with the completion are shown unchanged, however many.

    A test that needs a certain score sets it; without a band, the band follows from the score.
    """
    sandbox = context.sandbox
    known = api.assessments(sandbox)
    sent = [
        {name: value for name, value in one.items() if name != "which"}
        | ({"assessment_id": known[one["which"]]["id"]} if "which" in one else {})
        for one in wanted
    ]
    before = completed(sandbox, PLAIN, results=sent)
    shown = api.read(sandbox, before["id"], version)
    TABLES.check(shown, "order")
    assert shown["status"] == ("Fulfilled" if wanted else "Completed")
    api.same(shown["results"], before["results"], "the results")
    assert len(shown["results"]) == len(wanted), f"{len(shown['results'])} results for {len(wanted)}"
    for one, result in zip(wanted, shown["results"], strict=True):
        score, name = one.get("score"), one.get("band")
        name = band(score) if name is None and score is not None else name
        expected = {
            "assessment": known[one["which"]] if "which" in one else before["assessment"],
            "create_date": result["create_date"],
            "description": one.get("description"),
            "score": score,
            "band": name,
        }
        api.same(result, expected, "a result")


@contract("v2.factors", accepts="v2.factor.*", examples=0.7)
@given(body=plain_orders, fulfil=st.booleans(), score=st.sampled_from((None, 0, 50, 100)))
def factors(context: Context, body: dict[str, Any], fulfil: bool, score: float | None) -> None:
    """Factor content describes the order and nine factors.

    It is the same at each read, and does not fulfil the order: only reading the order itself does.
    """
    sandbox = context.sandbox
    shown = completed(sandbox, body, **({} if score is None else {"results": [{"score": score}]}))
    if fulfil:
        api.read(sandbox, shown["id"])
    response = api.expected(api.factors(sandbox, shown["id"]), 200)
    TABLES.check(response, "factor_content")
    head = {
        "id": shown["id"],
        "status": "Fulfilled" if fulfil else "Completed",
        "assessment_id": shown["assessment_id"],
    }
    api.same({name: response["order"][name] for name in head}, head, "the order in factor content")
    names = [factor["name"] for factor in response["factors"]]
    assert len(names) == len(set(names)) == 9, f"the factors are {names}"
    for factor in response["factors"]:
        (model,) = factor["model_directions"]
        api.same(model["assessment"], shown["assessment"], "the assessment that a factor's model is of")
    api.same(api.expected(api.factors(sandbox, shown["id"]), 200), response, "factor content, requested again")
    assert api.look(sandbox, shown)["status"] == head["status"], "factor content moved the order"


@contract("v2.capabilities v2.capabilities.path v2.capabilities.members", accepts="v2.capability.*", examples=0.7)
@given(body=plain_orders, score=st.sampled_from((None, 0, 39.99, 40, 55, 70, 100)))
def capabilities(context: Context, body: dict[str, Any], score: float | None) -> None:
    """Capability content has the same capabilities for each kind of reader, with a different title.

    The alignment follows from the order's score; the sample shows this one alignment only.
    """
    sandbox = context.sandbox
    shown = completed(sandbox, body, **({} if score is None else {"results": [{"score": score}]}))
    response = {reader: api.expected(api.capabilities(sandbox, shown["id"], reader), 200) for reader in api.READERS}
    for reader, content in response.items():
        TABLES.check(content, "capability_content", f"capability content for {reader}")
        wanted = ALIGNMENTS[band(shown["results"][0]["score"])]
        assert content["overall_capabilities_alignment"] == wanted, f"not {wanted} at {shown['results'][0]['score']}"
        api.same({**content, "title": ""}, {**response["talent"], "title": ""}, f"capability content for {reader}")
        again = api.expected(api.capabilities(sandbox, shown["id"], reader), 200)
        api.same(again, content, "capability content, requested again")
    assert len({content["title"] for content in response.values()}) == 3, "two kinds of readers find the same title"
    assert api.look(sandbox, shown)["status"] == "Completed", "capability content moved the order"


PROPERTIES = contract.properties
