"""Pattern images and reports over the real server: real readers open them and find this assessment's own numbers."""

from typing import Any

import pytest

from tests.readers import pdf_text, png_image, svg_texts, zip_files
from tests.server import assessment, order
from tests.servers import Sandbox

PATH = "/api/v1/behavioralassessments"
GIVEN = {
    "selfSigmaScore": {"aSigma": 1.21, "bSigma": -0.87, "cSigma": 0.4, "dSigma": 2.49, "eSigma": -3.3},
    "selfConceptSigmaScore": {"aSigma": -1.07, "bSigma": 0.66, "cSigma": 3.51, "dSigma": -2.22, "eSigma": 0.01},
}


@pytest.fixture
def done(sandbox: Sandbox) -> Any:
    """A completed assessment with scores of its own."""
    id = assessment(sandbox, firstName="Ольга", lastName="<b>Müller</b>")["assessmentId"]
    sandbox.told("POST", f"/invitations/{id}/complete", {"scores": GIVEN})
    return sandbox.pi.get(f"{PATH}/{id}").json()


def numbers(face: Any, *graphs: str) -> list[str]:
    return [f"{value:.2f}" for graph in graphs for value in face[graph][0].values()]


def test_a_pattern_is_an_svg_with_the_numbers_as_text(sandbox: Sandbox, done: Any) -> None:
    answer = sandbox.pi.get(f"{PATH}/{done['assessmentId']}/patterns/0?format=SVG")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    shown = [text for text in svg_texts(answer.content) if "." in text]
    assert shown == numbers(done, "selfSigmaScore", "selfConceptSigmaScore", "synthesisSigmaScore")
    assert shown[:5] == ["1.21", "-0.87", "0.40", "2.49", "-3.30"]


def test_the_addresses_in_the_answer_lead_to_the_files(sandbox: Sandbox, done: Any) -> None:
    full, own = (sandbox.pi.get(done[member]) for member in ("patternFullUrl", "patternSelfUrl"))
    assert (full.status_code, full.headers["content-type"]) == (200, "image/png")
    high, low = png_image(full.content).size[1], png_image(own.content).size[1]
    assert high > 2 * low
    report = sandbox.pi.get(done["descriptiveReportUrl"])
    assert (report.status_code, report.headers["content-type"]) == (200, "application/pdf")


def test_a_png_differs_where_the_scores_do(sandbox: Sandbox, done: Any) -> None:
    own = [sandbox.pi.get(f"{PATH}/{done['assessmentId']}/patterns/{kind}?format=PNG").content for kind in (1, 2, 1)]
    assert own[0] != own[1]
    assert own[0] == own[2]


def test_a_report_is_a_pdf_with_the_takers_name_and_numbers(sandbox: Sandbox, done: Any) -> None:
    answer = sandbox.pi.get(f"{PATH}/{done['assessmentId']}/reports/PersonDetailReport?format=PDF&gender=2")
    name = f"PersonDetailReport-{done['assessmentId']}.pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    text = pdf_text(answer.content)
    assert "Ольга <b>Müller</b>" in text
    lines = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.strip()}
    assert lines["Self"] == numbers(done, "selfSigmaScore")
    assert lines["Self-Concept"] == numbers(done, "selfConceptSigmaScore")
    assert lines["Synthesis"] == numbers(done, "synthesisSigmaScore")
    assert str(done["patternNumber"]) in lines["Reference"]


def test_two_reports_come_as_an_archive(sandbox: Sandbox, done: Any) -> None:
    answer = sandbox.pi.get(f"{PATH}/{done['assessmentId']}/reports/3?format=PDF&gender=0&languageLocale=de-DE")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    texts = [pdf_text(file) for file in zip_files(answer.content).values()]
    assert [("He " in text, "She " in text) for text in texts] == [(True, False), (False, True)]
    assert all("1.21" in text and "3.51" in text for text in texts)


def test_an_archived_assessment_is_gone_everywhere(sandbox: Sandbox, done: Any) -> None:
    id = done["assessmentId"]
    answer = sandbox.pi.request("DELETE", f"{PATH}/{id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers
    assert "content-length" not in answer.headers
    assert "transfer-encoding" not in answer.headers
    assert sandbox.pi.get(PATH).json() == []
    assert sandbox.told("GET", "/invitations") == []
    assert sandbox.control("GET", f"/invitations/{id}").status_code == 404
    for address in (f"{PATH}/{id}", done["patternFullUrl"], done["descriptiveReportUrl"]):
        assert sandbox.pi.get(address).status_code == 404
    assert sandbox.pi.request("DELETE", f"{PATH}/{id}").status_code == 404


def test_a_date_put_off_is_kept_by_the_clock(sandbox: Sandbox) -> None:
    sandbox.told("POST", "/clock", {"freeze": "2026-06-01T12:00:00Z"})
    id = assessment(sandbox, externalId="a-1")["assessmentId"]
    sandbox.told("POST", "/clock", {"advance": "P11D"})
    assert sandbox.pi.get(f"{PATH}/{id}").json()["assessmentState"] == 50
    answer = sandbox.pi.request("PATCH", f"{PATH}?externalId=a-1", json={"expirationDateTime": "2026-07-01"})
    assert (answer.status_code, answer.json()["assessmentState"]) == (200, 10)
    sandbox.told("POST", "/clock", {"until_idle": True})
    face = sandbox.pi.get(f"{PATH}/{id}").json()
    assert (face["assessmentState"], face["expirationDateTime"]) == (50, "2026-07-01T23:59:59.9999999Z")


def test_a_snapshot_brings_an_archived_assessment_back(sandbox: Sandbox, done: Any) -> None:
    kept = sandbox.told("POST", "/snapshots")["id"]
    sandbox.pi.request("DELETE", f"{PATH}/{done['assessmentId']}")
    sandbox.told("POST", f"/snapshots/{kept}/restore")
    assert sandbox.pi.get(f"{PATH}/{done['assessmentId']}").json() == done


def test_the_recruiters_report_shows_every_alphabet(sandbox: Sandbox) -> None:
    id = order(sandbox, email="olga@example.com", candidate={"email": "olga@example.com", "first_name": "Ἀριάδνη"})[
        "id"
    ]
    sandbox.told("POST", f"/invitations/{id}/complete")
    link = sandbox.pymetrics.get(f"/mercury/getOrder/{id}?report=true").json()["reports"][0]["download_url"]
    assert "Ἀριάδνη" in pdf_text(sandbox.http.get(link).content)
