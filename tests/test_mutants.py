"""The simulators that are broken on purpose: their table is sound, they are really broken, the contracts notice."""

import ast
from pathlib import Path

import httpx2
import pytest

from tests.mutants import MUTANTS, TABLES, Mutant, page, running
from tests.mutants.running import MutantServer, Outcome

EVERY = [*MUTANTS.values()]
TEN = running.sample(EVERY, 10)
TOKEN = {"client_id": "sim-mutants", "client_secret": "any", "grant_type": "client_credentials"}


def by_id(mutant: Mutant) -> str:
    return mutant.id


def outcome(mutant: Mutant | None, status: int | None) -> Outcome:
    return Outcome(mutant, status, ("a.b.c",) if status == 1 else (), 1.5, "" if status in (0, 1) else "it fell over")


def test_there_are_many_and_no_two_have_one_name() -> None:
    assert len(EVERY) >= 70
    assert len(EVERY) == sum(len(table.MUTANTS) for table in TABLES)


@pytest.mark.parametrize("mutant", EVERY, ids=by_id)
def test_a_mutant_changes_one_place_and_still_compiles(mutant: Mutant) -> None:
    source = mutant.path.read_text("utf-8")
    changed = mutant.of(source)
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))
    compile(changed, mutant.file, "exec")


def test_a_mutant_says_in_a_sentence_what_is_wrong() -> None:
    assert [mutant.id for mutant in EVERY if not (mutant.breaks[0].strip() and mutant.breaks.endswith("."))] == []


def test_no_two_mutants_are_one() -> None:
    assert len({(mutant.file, mutant.before, mutant.after) for mutant in EVERY}) == len(EVERY)


def test_a_place_that_is_not_there_just_once_is_told() -> None:
    mutant = Mutant("x", "core/request.py", "spam", "eggs", "Nothing.")
    for source, times in (("", 0), ("spam spam", 2)):
        with pytest.raises(ValueError, match=rf"mutant x: core/request\.py holds its place {times} times"):
            mutant.of(source)


def test_a_mutant_answers_otherwise_than_the_simulator() -> None:
    statuses = []
    for mutant in (None, MUTANTS["pymetrics.token.ok"]):
        with MutantServer(mutant) as server, httpx2.Client(base_url=server.url, trust_env=False) as http:
            statuses.append(http.post("/mercury/oauth/token", json=TOKEN).status_code)
    assert statuses == [201, 200]


def test_a_package_can_be_changed_too() -> None:
    with (
        MutantServer(MUTANTS["pymetrics.v2.path"]) as server,
        httpx2.Client(base_url=server.url, trust_env=False) as http,
    ):
        assert http.get("/mercury/v2/assessments").status_code == 404


def test_nothing_of_a_mutant_stays_on_the_disk() -> None:
    mutant = MUTANTS["pymetrics.token.ok"]
    kept = mutant.path.parent / "__pycache__"
    before = {file: file.read_bytes() for file in kept.glob("access.*")}
    with MutantServer(mutant):
        pass
    assert {file: file.read_bytes() for file in kept.glob("access.*")} == before


def test_ten_that_are_evenly_spread_come_of_every_table() -> None:
    assert [mutant.id for mutant in running.sample(EVERY, 10)] == [mutant.id for mutant in TEN]
    assert len({mutant.id for mutant in TEN}) == 10
    assert len({mutant.file for mutant in TEN}) >= 5
    assert running.sample(EVERY, 10_000) == EVERY


def test_mutants_are_named_by_patterns() -> None:
    assert running.named(EVERY, "pi.odata.top") == [MUTANTS["pi.odata.top"]]
    assert {mutant.id.split(".")[0] for mutant in running.named(EVERY, "webhook.*,server.*")} == {"webhook", "server"}
    with pytest.raises(ValueError, match=r"no mutant is called pi\.nothing"):
        running.named(EVERY, "pi.odata.*,pi.nothing")


@pytest.mark.parametrize(("status", "verdict"), [(0, "survived"), (1, "caught"), (2, "invalid"), (None, "invalid")])
def test_the_exit_status_of_the_contracts_is_the_verdict(status: int | None, verdict: str) -> None:
    assert outcome(TEN[0], status).verdict == verdict
    assert verdict in page.line(outcome(TEN[0], status))


def test_the_goal_is_that_nearly_all_are_caught_and_all_could_be_asked() -> None:
    caught, survived, invalid = (outcome(TEN[0], status) for status in (1, 0, 2))
    assert page.reached([caught] * 19 + [survived])
    assert not page.reached([caught] * 18 + [survived] * 2)
    assert not page.reached([caught] * 99 + [invalid])


def test_the_scoreboard_stands_between_the_markers_of_its_page(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n")
    page.write(path, [outcome(TEN[0], 1), outcome(TEN[1], 0)])
    text = path.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert f"1 of 2 caught (50.0%); survived: {TEN[1].id}" in text
    assert f"| `{TEN[0].id}` | {TEN[0].breaks} | `a.b.c` | 1.5 |" in text
    assert f"| `{TEN[1].id}` | {TEN[1].breaks} | **survived** | 1.5 |" in text


def test_a_page_without_a_place_for_the_scoreboard_is_told(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("nothing\n")
    with pytest.raises(ValueError, match="has no place for the scoreboard"):
        page.write(path, [])


@pytest.mark.timeout(240)
@pytest.mark.parametrize("mutant", TEN, ids=by_id)
def test_the_contracts_notice_a_mutant(mutant: Mutant) -> None:
    found = running.look(mutant)
    assert found.verdict == "caught", found
    assert found.by, found
