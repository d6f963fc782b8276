"""The simulators that are broken on purpose: their tables are sound, they are really broken, the contracts notice."""

import ast
from pathlib import Path

import httpx2
import pytest

from tests.mutants import MUTANTS, TABLES, Mutant, page, running
from tests.mutants.running import MutantServer, Outcome

EVERY = [*MUTANTS.values()]
TEN = running.sample(EVERY, 10)
TOKEN = {"client_id": "sim-mutants", "client_secret": "any", "grant_type": "client_credentials"}


def outcome(mutant: Mutant | None, status: int | None) -> Outcome:
    return Outcome(mutant, status, ("a.b.c",) if status == 1 else (), 1.5, "" if status in (0, 1) else "it fell over")


@pytest.mark.parametrize("mutant", EVERY, ids=lambda mutant: mutant.id)
def test_a_mutant_changes_one_place_and_still_compiles(mutant: Mutant) -> None:
    source = mutant.path.read_text("utf-8")
    changed = mutant.of(source)
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))
    compile(changed, mutant.file, "exec")


def test_mutants_have_names_and_changes_of_their_own_and_say_what_is_wrong() -> None:
    assert len(EVERY) == sum(map(len, TABLES.values())) >= 70
    assert len({(mutant.file, mutant.before, mutant.after) for mutant in EVERY}) == len(EVERY)
    assert [mutant.id for mutant in EVERY if not (mutant.breaks[:1].strip() and mutant.breaks.endswith("."))] == []


@pytest.mark.parametrize(("source", "times"), [("", 0), ("spam spam", 2)])
def test_a_place_that_is_not_there_just_once_is_refused(source: str, times: int) -> None:
    mutant = Mutant("x", "core/request.py", "spam", "eggs", "Nothing.")
    with pytest.raises(ValueError, match=rf"mutant x: core/request\.py holds its place {times} times"):
        mutant.of(source)


def test_a_mutant_answers_otherwise_than_the_simulator_and_leaves_nothing_on_the_disk() -> None:
    kept = MUTANTS["pymetrics.token.ok"].path.parent / "__pycache__"
    before = {file: file.read_bytes() for file in kept.glob("access.*")}
    statuses = []
    # The last is in the `__init__` of a package.
    for mutant in (None, MUTANTS["pymetrics.token.ok"], MUTANTS["pymetrics.v2.path"]):
        with (
            MutantServer(mutant) as server,
            httpx2.Client(base_url=server.url, trust_env=False) as http,
        ):
            token = http.post("/mercury/oauth/token", json=TOKEN).status_code
            statuses.append((token, http.get("/mercury/v2/assessments").status_code))
    assert statuses == [(201, 403), (200, 403), (201, 404)]
    assert {file: file.read_bytes() for file in kept.glob("access.*")} == before


def test_mutants_are_chosen_evenly_or_by_patterns() -> None:
    assert len({mutant.id for mutant in TEN}) == 10
    assert len({mutant.file for mutant in TEN}) >= 5
    assert running.sample(EVERY, 10_000) == EVERY
    assert running.named(EVERY, "pi.odata.top") == [MUTANTS["pi.odata.top"]]
    assert {mutant.id.split(".")[0] for mutant in running.named(EVERY, "webhook.*,server.*")} == {"webhook", "server"}
    with pytest.raises(ValueError, match=r"no mutant is called pi\.nothing"):
        running.named(EVERY, "pi.odata.*,pi.nothing")


@pytest.mark.parametrize(("status", "verdict"), [(0, "survived"), (1, "caught"), (2, "invalid"), (None, "invalid")])
def test_the_exit_status_of_the_contracts_is_the_verdict(status: int | None, verdict: str) -> None:
    assert outcome(TEN[0], status).verdict == verdict
    assert verdict in page.line(outcome(TEN[0], status))


def test_nearly_all_must_be_caught_and_none_be_invalid() -> None:
    caught, survived, invalid = (outcome(TEN[0], status) for status in (1, 0, 2))
    assert page.reached([caught] * 19 + [survived])
    assert not page.reached([caught] * 18 + [survived] * 2)
    assert not page.reached([caught] * 99 + [invalid])


def test_the_results_stand_between_the_markers_of_their_page(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n")
    page.write(path, [outcome(TEN[0], 1), outcome(TEN[1], 0)])
    text = path.read_text()
    assert (text[:7], text[-7:], "old" in text) == ("before\n", "\nafter\n", False)
    assert f"1 of 2 caught (50.0%); survived: {TEN[1].id}" in text
    assert f"| `{TEN[0].id}` | {TEN[0].breaks} | `a.b.c` | 1.5 |" in text
    assert f"| `{TEN[1].id}` | {TEN[1].breaks} | **survived** | 1.5 |" in text
    path.write_text("nothing\n")
    with pytest.raises(ValueError, match="has no place for the scoreboard"):
        page.write(path, [])


@pytest.mark.timeout(240)
@pytest.mark.parametrize("mutant", TEN, ids=lambda mutant: mutant.id)
def test_the_contracts_notice_a_mutant(mutant: Mutant) -> None:
    found = running.look(mutant)
    assert found.verdict == "caught", found
    assert found.by, found
