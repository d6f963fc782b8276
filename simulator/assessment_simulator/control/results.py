"""Calls about the results of a completed invitation: its scores in neutral words, and its reports and pictures."""

from typing import Any

from pydantic import Field
from starlette.responses import Response

from assessment_simulator.control.bodies import Answer
from assessment_simulator.control.invitations import found_invitation
from assessment_simulator.control.operation import ControlCall
from assessment_simulator.core.results import File, Results
from assessment_simulator.documents.renderer import draw
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.templating import HEADERS


class Score(Answer):
    """A score of an assessment or a factor."""

    name: str
    value: float | None
    band: str | None
    text: str | None = Field(description="what it means, in a sentence")


class Band(Answer):
    """A part of a scale."""

    lowest: float = Field(description="the lowest score in it")
    name: str


class Graph(Answer):
    """Scores on one scale."""

    title: str
    unit: str = Field(description="`points` or `sigma`")
    low: float = Field(description="the lower end of the scale")
    high: float = Field(description="the upper end of the scale")
    scores: list[Score]
    bands: list[Band] = Field(description="lowest first")


class ResultFile(Answer):
    """A report or a picture, which `GET …/invitations/{id}/files/{name}` returns."""

    name: str
    title: str
    media_type: str


class InvitationResults(Answer):
    """The results of an invitation; without a summary, graphs and files until it is completed."""

    summary: str | None = Field(description="the result in a word: the band of the first score, or the pattern")
    graphs: list[Graph]
    files: list[ResultFile]


def _results(call: ControlCall) -> Results | None:
    vendor, invitation = found_invitation(call)
    stored = call.sandbox.get(vendor.record_kind, invitation.id)
    return None if stored is None else vendor.to_results(stored)


async def show(call: ControlCall) -> dict[str, Any]:
    """The scores of an invitation, and its files; reading them changes nothing."""
    found = _results(call)
    if found is None:
        return {"summary": None, "graphs": [], "files": []}
    files = [{"name": name, "title": one.title, "media_type": one.media_type} for name, one in found.files.items()]
    return {"summary": found.summary, "graphs": found.graphs, "files": files}


async def show_file(call: ControlCall) -> Response:
    """A report or a picture of a completed invitation."""
    found, name = _results(call), call.params["file"]
    files: dict[str, File] = {} if found is None else dict(found.files)
    if name not in files:
        raise Problem(404, f"this invitation has no file {name[:40]!r}; it has {', '.join(files) or 'none yet'}")
    content = await draw(files[name].content, files[name].media_type)
    return Response(content, headers=dict(HEADERS), media_type=files[name].media_type)
