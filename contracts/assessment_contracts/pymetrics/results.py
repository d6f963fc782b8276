"""Results: none before the end, then a score and a band, the same wherever they are shown."""

from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.property import Need, Property, contract, given
from assessment_contracts.pymetrics import api, shapes
from assessment_contracts.pymetrics.oracle import LEANS, band
from assessment_contracts.pymetrics.strategies import PLAIN, instants, plain_orders, texts, versions
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.sources import Standing

_CONTROL = {Need.CONTROL}
ALIGNMENTS = dict(zip(shapes.BANDS, ("High Alignment", "Moderate Alignment", "Low Alignment"), strict=True))


def completed(sandbox: Sandbox, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A new order, completed, as the list shows it."""
    made = api.order(sandbox, api.own(sandbox, body))
    sandbox.act(made["id"], "complete", **more)
    return api.look(sandbox, made)


@contract(
    "pymetrics.results.drawn",
    "A finished order has one result: a score from 0 to 100, its band, the assessment, and the instant of completion",
    promises=("pymetrics.results.scale", "pymetrics.types", "pymetrics.dates", "pymetrics.v2.same"),
    standing=Standing.ASSUMED,
    needs=_CONTROL,
)
@given(lean=st.sampled_from(("", *LEANS)), body=plain_orders, at=instants, version=versions)
def drawn(context: Context, lean: str, body: dict[str, Any], at: str, version: api.Version) -> None:
    """A caller shows score and band to people, so both faces of the API must tell the same of it, at every look."""
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
    shapes.ORDER(shown, "the order")
    (result,) = shown["results"]
    low, high = LEANS.get(lean, (0, 100))
    assert low <= result["score"] <= high, f"a score of {result['score']} with {lean or 'no tag'}"
    assert result["band"] == band(result["score"]), f"{result['score']} is in band {result['band']}"
    assert result["description"], "the result is not described"
    api.same(result["assessment"], made["assessment"], "the result's assessment")
    assert result["create_date"] == shapes.written(shapes.moment(at)), f"{result['create_date']} for {at}"
    for look in api.VERSIONS:
        api.same(api.read(sandbox, made["id"], look), shown, f"the order as version {look.number} reads it")
        api.same(api.look(sandbox, made, look), shown, f"the order as version {look.number} lists it")


@contract(
    "pymetrics.results.differ",
    "Scores are drawn anew for every order",
    promises=("pymetrics.results.scale",),
    standing=Standing.ASSUMED,
    needs=_CONTROL,
    examples=0.1,
)
def differ(context: Context) -> None:
    """Were all alike, a caller's mix-up of two candidates would not be seen."""
    scores = {completed(context.sandbox, PLAIN)["results"][0]["score"] for _ in range(8)}
    assert len(scores) > 4, f"eight orders have the scores {scores}"


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


@contract(
    "pymetrics.results.given",
    "Results that are given with the completion are shown as they were given, however many",
    promises=("pymetrics.results.scale", "pymetrics.order.fulfilled"),
    standing=Standing.ASSUMED,
    needs=_CONTROL,
)
@given(wanted=_given_results, version=versions)
def as_given(context: Context, wanted: list[dict[str, Any]], version: api.Version) -> None:
    """A test that needs a certain score sets it; a band that is not given follows from the score."""
    sandbox = context.sandbox
    known = api.assessments(sandbox)
    sent = [
        {name: value for name, value in one.items() if name != "which"}
        | ({"assessment_id": known[one["which"]]["id"]} if "which" in one else {})
        for one in wanted
    ]
    before = completed(sandbox, PLAIN, results=sent)
    shown = api.read(sandbox, before["id"], version)
    shapes.ORDER(shown, "the order")
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


@contract(
    "pymetrics.results.factors",
    "Factor content tells the order, and of nine factors what each is and what the assessment asks of it",
    kept=("pymetrics.v2.factor.known", "pymetrics.v2.factor.scores"),
    promises=("pymetrics.v2.factors",),
    needs=_CONTROL,
    examples=0.7,
)
@given(body=plain_orders, fulfil=st.booleans(), score=st.sampled_from((None, 0, 50, 100)))
def factors(context: Context, body: dict[str, Any], fulfil: bool, score: float | None) -> None:
    """It is the same at each look, and looking does not fulfil the order: only reading the order itself does."""
    sandbox = context.sandbox
    shown = completed(sandbox, body, **({} if score is None else {"results": [{"score": score}]}))
    if fulfil:
        api.read(sandbox, shown["id"])
    told = api.expected(api.factors(sandbox, shown["id"]), 200)
    shapes.FACTORS(told, "factor content")
    head = {
        "id": shown["id"],
        "status": "Fulfilled" if fulfil else "Completed",
        "assessment_id": shown["assessment_id"],
    }
    api.same({name: told["order"][name] for name in head}, head, "the order in factor content")
    names = [factor["name"] for factor in told["factors"]]
    assert len(names) == len(set(names)) == 9, f"the factors are {names}"
    for factor in told["factors"]:
        (model,) = factor["model_directions"]
        api.same(model["assessment"], shown["assessment"], "the assessment that a factor's model is of")
    api.same(api.expected(api.factors(sandbox, shown["id"]), 200), told, "factor content, asked for again")
    assert api.look(sandbox, shown)["status"] == head["status"], "factor content moved the order"


@contract(
    "pymetrics.results.capabilities",
    "Capability content tells each kind of reader the same capabilities under a title of their own",
    kept=("pymetrics.v2.capability.known", "pymetrics.v2.capability.type", "pymetrics.v2.capability.scores"),
    promises=("pymetrics.v2.capabilities", "pymetrics.v2.capabilities.path", "pymetrics.v2.capabilities.members"),
    needs=_CONTROL,
    examples=0.7,
)
@given(body=plain_orders, score=st.sampled_from((None, 0, 39.99, 40, 55, 70, 100)))
def capabilities(context: Context, body: dict[str, Any], score: float | None) -> None:
    """How well the candidate fits follows from the order's score; that is the one alignment which a sample shows."""
    sandbox = context.sandbox
    shown = completed(sandbox, body, **({} if score is None else {"results": [{"score": score}]}))
    told = {reader: api.expected(api.capabilities(sandbox, shown["id"], reader), 200) for reader in api.READERS}
    for reader, content in told.items():
        shapes.CAPABILITIES(content, f"capability content for {reader}")
        wanted = ALIGNMENTS[band(shown["results"][0]["score"])]
        assert content["overall_capabilities_alignment"] == wanted, f"not {wanted} at {shown['results'][0]['score']}"
        api.same({**content, "title": ""}, {**told["talent"], "title": ""}, f"capability content for {reader}")
        again = api.expected(api.capabilities(sandbox, shown["id"], reader), 200)
        api.same(again, content, "capability content, asked for again")
    assert len({content["title"] for content in told.values()}) == 3, "two kinds of readers find the same title"
    assert api.look(sandbox, shown)["status"] == "Completed", "capability content moved the order"


PROPERTIES: tuple[Property, ...] = (drawn, differ, as_given, factors, capabilities)
