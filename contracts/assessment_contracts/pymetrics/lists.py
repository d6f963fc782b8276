"""Listing orders: by application, by candidate, or by both."""

from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.property import given
from assessment_contracts.pymetrics import api
from assessment_contracts.pymetrics.facts import FACTS, LIST_FIELDS
from assessment_contracts.pymetrics.strategies import PLAIN, texts, versions
from assessment_contracts.registry import ASSUMED, CONTROL, WRITES, Registry

contract = Registry("pymetrics.lists", FACTS, WRITES)

_MANY = 257
"""More orders than the pages of other APIs hold: 20, 25, 50, 100, 200, 250, 256."""


def _body(email: str, application: str, external_id: str | None) -> dict[str, Any]:
    return {
        **PLAIN,
        "candidate": {"email": f"{email}@example.com", "external_id": external_id},
        "application_id": application,
    }


@contract("list.both list.and v2.same")
@given(
    pairs=st.permutations([(a, c) for a in (0, 1) for c in (0, 1, None)]),
    version=versions, tail=st.sampled_from(("", " é", "&x=1", "+%20", "李", "a/b?c#d")),
)  # fmt: skip
def filtered(context: Context, pairs: list[tuple[int, int | None]], version: api.Version, tail: str) -> None:
    """A list contains the orders of the application, of the candidate, or of both, oldest first.

    Every pair of an application and a candidate has an order, so there are always orders that match one of two filters
    only: they are not shown. `candidate_id` is the caller's own id of the candidate, external_id.
    """
    sandbox = context.sandbox
    word = api.unused(sandbox)
    applications, candidates = [f"a{at}-{word}{tail}" for at in (0, 1)], [f"c{at}-{word}{tail}" for at in (0, 1)]
    made = [
        api.order(sandbox, _body(f"x{at}.{word}", applications[a], None if c is None else candidates[c]))
        for at, (a, c) in enumerate(pairs)
    ]
    for a in (0, 1, None):
        for c in (0, 1, None):
            filters = ({} if a is None else {"job_application_id": applications[a]}) | (
                {} if c is None else {"candidate_id": candidates[c]}
            )
            if filters:
                wanted = [made[at] for at, pair in enumerate(pairs) if a in (None, pair[0]) and c in (None, pair[1])]
                api.same(api.find(sandbox, version, **filters), wanted, f"the list by {', '.join(filters)}")


@contract("list.both", needs=CONTROL, standing=ASSUMED, examples=0.1)
def long(context: Context) -> None:
    """A list contains every order that its filter matches, however many.

    No page mentions a limit or further pages, so a caller takes the list as complete.
    """
    sandbox = context.fresh()
    bodies = [_body(f"x{at}", "a", "c") for at in range(_MANY)]
    made = [api.order(sandbox, body)["id"] for body in bodies]
    for version in api.VERSIONS:
        for name, value in zip(LIST_FIELDS, ("a", "c"), strict=True):
            found = [order["id"] for order in api.find(sandbox, version, **{name: value})]
            assert found == made, f"by {name}, {len(found)} of {len(made)} orders are listed, or in another order"


@contract("list.both list.and", examples=0.35)
@given(version=versions, name=st.sampled_from(LIST_FIELDS))
def exact(context: Context, version: api.Version, name: str) -> None:
    """A filter matches exact values only.

    The ids are the caller's own: another letter, case or space makes another id.
    """
    sandbox = context.sandbox
    word = f"Ab{api.unused(sandbox)}é"
    spellings = [
        word,
        word.lower(),
        word.upper(),
        f" {word}",
        f"{word} ",
        f"{word}x",
        f"x{word}",
        f"{word[:-1]}e\u0301",
    ]
    made = {}
    for at, spelt in enumerate(spellings):
        application, external = (spelt, "c") if name == "job_application_id" else ("a", spelt)
        made[spelt] = api.order(sandbox, _body(f"x{at}.{api.unused(sandbox)}", application, external))
    for spelt in spellings:
        api.same(api.find(sandbox, version, **{name: spelt}), [made[spelt]], f"the list for {spelt!r}")


@contract("list.both list.and", examples=0.35)
@given(name=st.sampled_from(LIST_FIELDS), tail=st.sampled_from((" 1", "&x=é", "+", "a+b c%20", ";=#", "/?")))
def as_clients_ask(context: Context, name: str, tail: str) -> None:
    """A query is decoded as the vendor's client encodes it: a plus is a space.

    It encodes queries as forms are encoded, so ids with spaces must be found that way.
    """
    sandbox = context.sandbox
    word = api.unused(sandbox)
    made = api.order(sandbox, _body(f"x.{word}", f"a{word}{tail}", f"c{word}{tail}"))
    value = made["application_id"] if name == "job_application_id" else made["candidate"]["external_id"]
    headers = {"X-Api-Key": sandbox.pymetrics.api_key, "Authorization": f"Bearer {sandbox.token()}"}
    answer = sandbox.connection.request("GET", f"/mercury/v2/orders?{urlencode({name: value})}", headers)
    api.same(api.expected(answer, 200), {"orders": [made]}, "the list")


@contract("list.both", accepts="list.* v2.list.filter", needs=())
@given(version=versions, words=st.lists(texts, min_size=1, max_size=2), only=st.sampled_from((0, 1)))
def nothing(context: Context, version: api.Version, words: list[str], only: int) -> None:
    """A list without matches returns 200 and is empty.

    It is not a 404.
    """
    word = api.unused(context.sandbox)
    names = LIST_FIELDS if len(words) == 2 else LIST_FIELDS[only : only + 1]
    filters = {name: f"{text}{word}" for name, text in zip(names, words, strict=True)}
    assert api.find(context.sandbox, version, **filters) == []


@contract("list.both", standing=ASSUMED, examples=0.5)
@given(name=st.sampled_from(LIST_FIELDS), version=versions, empty=st.sampled_from(("", None)))
def empty_filter(context: Context, name: str, version: api.Version, empty: str | None) -> None:
    """An empty or null filter beside another one is ignored.

    The vendor's own client sends `candidate_id=` if its caller has none.
    """
    sandbox = context.sandbox
    made = api.order(sandbox, api.own(sandbox, PLAIN))
    given_ = made["application_id"] if name == "job_application_id" else made["candidate"]["external_id"]
    other = next(field for field in LIST_FIELDS if field != name)
    sent = empty if version is api.V1 else ""
    api.same(api.find(sandbox, version, **{name: given_, other: sent}), [made], "the list")


@contract(standing=ASSUMED, examples=0.35)
@given(name=st.sampled_from(("status", "email", "candidateId", "limit")), value=st.sampled_from((None, 5, "x", {})))
def unknown_members(context: Context, name: str, value: Any) -> None:
    """An undocumented filter is ignored, with a note in version 1.

    There is no paging and no other filter; the header Simulator-Note says so to callers who try one.
    """
    sandbox = context.sandbox
    made = api.order(sandbox, api.own(sandbox, PLAIN))
    filters = {"job_application_id": made["application_id"], name: value}
    answer = sandbox.call("POST", "/mercury/orders", json=filters, auth="pymetrics")
    api.same(api.expected(answer, 200), {"orders": [made]}, "the list")
    if context.is_simulator:
        note = answer.headers.get("simulator-note", "")
        assert f"body.{name} is not a documented member" in note, f"the note says {note!r}"
        query = sandbox.call("GET", api.V2.configuration, query={name: "x"}, auth="pymetrics")
        assert f"query.{name} is not a documented parameter" in query.headers.get("simulator-note", "")


PROPERTIES = contract.properties
