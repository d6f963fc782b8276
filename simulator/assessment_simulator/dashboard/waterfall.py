"""The waterfall of an invitation: what happened to it, and what is scheduled, as lanes on one axis of time.

The axis is the sandbox's clock. Gaps between events are compressed: each is as wide as the logarithm of its length, so
that a webhook that follows in milliseconds and an expiry in ten days fit into one picture. The view returns numbers and
texts; the template draws them.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import log10
from typing import Any

from assessment_simulator.core import instant
from assessment_simulator.dashboard.formatting import DELIVERY_TONES, span

LEFT, LANE, TOP = 132, 30, 44  # where the axis begins, the height of a lane, and the space above the first
_WIDE, _END = 1_100, 28  # the width of the picture, unless events would touch, and the space at its end
_GAP, _DECADE = 16, 26  # relative width of every gap, and what each power of ten of seconds adds
_NARROW = 11  # the least width of a gap
_LABEL = 58  # the least space between two labels of the axis
MOST = 80  # entries that are drawn, the newest


def _tone(status: int | None) -> str:
    if status is None:
        return "bad"
    return "good" if status < 300 else "warn" if status < 500 else "bad"


def waterfall(
    entries: Sequence[Mapping[str, Any]], now: str, statuses: Mapping[Any, Mapping[str, str]]
) -> dict[str, Any]:
    """The picture of a timeline; `statuses` has text and tone of each status of the vendor."""
    left_out = max(0, len(entries) - MOST)
    entries = entries[left_out:]
    at = {text: parsed.at for text in {now, *(one["at"] for one in entries)} if (parsed := instant.parse(text))}
    times = sorted({*at.values()})
    # The place of every moment on the axis, stretched to the width of the picture.
    widths = [_GAP + _DECADE * log10(1 + (b - a) / instant.SECOND) for a, b in pairwise(times)]
    stretch = max((_WIDE - LEFT - _END) / (sum(widths) or 1), _NARROW / _GAP)
    x, places = float(LEFT), {times[0]: float(LEFT)}
    for moment, width in zip(times[1:], widths, strict=True):
        x += width * stretch
        places[moment] = x
    present = places[at[now]]

    lanes: dict[str, dict[str, Any]] = {}

    def lane(key: str, name: str) -> dict[str, Any]:
        return lanes.setdefault(key, {"name": name, "bars": [], "dots": []})

    def dot(entry: Mapping[str, Any], tone: str, text: str) -> dict[str, Any]:
        return {"x": places[at[entry["at"]]], "tone": tone, "text": text, "due": entry["due"]}

    changes, webhooks = [], 0
    moves = [one for one in entries if one["what"] == "move"]
    for entry, following in zip(moves, [*moves[1:], None], strict=True):
        end = present if following is None else places[at[following["at"]]]
        begin = places[at[entry["at"]]]
        shown = statuses.get(entry["after"], {"text": str(entry["after"]), "tone": "plain"})
        bar = {"x": begin, "width": max(end - begin, 3), **shown}
        lane("status", "Status")["bars"].append(bar)
    for entry in entries:
        what, text = entry["what"], entry["text"]
        if what == "call":
            lane("call", "Requests")["dots"].append(dot(entry, _tone(entry["status"]), text))
        elif what == "mail":
            lane("mail", "Mail")["dots"].append(dot(entry, "info", text))
        elif what == "notice":
            webhooks += 1
            state = text.rpartition(": ")[2]
            begin = places[at[entry["at"]]]
            bar = {"x": begin, "width": 3, "text": "", "tone": DELIVERY_TONES.get(state, "plain")}
            lane(entry["id"], f"Webhook {webhooks}")["bars"].append(bar)
        elif what == "attempt":
            row = lane(entry["id"], "Webhook")
            row["dots"].append(dot(entry, "info" if entry["due"] else _tone(entry["status"]), text))
            for bar in row["bars"]:
                bar["width"] = max(3, places[at[entry["at"]]] - bar["x"])
        elif what == "alarm":
            row = lane(f"timer {entry['operation']}", f"Timer: {entry['operation']}")
            row["bars"].append({"x": present, "width": places[at[entry["at"]]] - present, "text": "", "tone": "due"})
            row["dots"].append(dot(entry, "info", text))
        elif what == "clock":
            changes.append({"x": places[at[entry["at"]]], "text": text})
    rows = [{**one, "y": TOP + LANE * number} for number, one in enumerate(lanes.values())]
    ticks, last = list[dict[str, Any]](), 0.0
    for moment in times:
        place = places[moment]
        if moment == at[now] or place - last >= _LABEL:
            if moment == at[now] and ticks and place - last < _LABEL:
                ticks.pop()
            ticks.append({"x": place, "text": "now" if moment == at[now] else f"+{span(moment - times[0])}"})
            last = place
    return {
        "width": round(x + _END), "height": TOP + LANE * len(rows) + 8, "has_future": x > present, "lanes": rows,
        "ticks": ticks, "now": present,
        "changes": changes, "left_out": left_out, "lane": LANE, "top": TOP,
    }  # fmt: skip
