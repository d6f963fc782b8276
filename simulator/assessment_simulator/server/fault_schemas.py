"""How the control document describes faults: one shape for each way to misbehave, made of the table of kinds."""

from collections.abc import Mapping

from assessment_simulator.core.faults import KINDS, Kind, On
from assessment_simulator.core.schema import Schema, choice, integer, named, nullable, number, record, ref, text
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.server.fault_reading import MOST, endpoints

_MOMENTS = ["before_commit", "after_commit"]
_COUNTS: dict[str, Schema] = {
    "id": text("what the journal calls it; `fault-` and its place in the list unless given", maxLength=100),
    "times": nullable(integer("how many it strikes; null: every one", minimum=0, maximum=MOST)),
    "after": integer("how many that match it lets pass first", minimum=0, maximum=MOST),
    "probability": number("of striking, drawn from the sandbox's seed", minimum=0, maximum=1),
    "met": integer("how many it has struck; only told, never taken"),
}
_CALLS: dict[str, Schema] = {
    "method": nullable(text(pattern="^[A-Z]{1,20}$")),
    "path": nullable(text("`*` stands for any run of characters", pattern="^[/*]")),
    "when": nullable(choice(_MOMENTS, "the call changes nothing, or is committed and its answer spoilt")),
}
_DELIVERIES: dict[str, Schema] = {"invitation": nullable(text())}


def shown(duration: str) -> Schema:
    """A fault as it is told."""
    return record({
        "id": _COUNTS["id"], "on": text(enum=[*KINDS]), "vendor": nullable(text()), "operation": nullable(text()),
        **{name: _CALLS[name] for name in ("method", "path")}, **_DELIVERIES,
        **{name: _COUNTS[name] for name in ("times", "after", "probability")}, "when": _CALLS["when"],
        "do": text(enum=list(dict.fromkeys(do for kinds in KINDS.values() for do in kinds))),
        **{name: nullable(one) for name, one in _taken(duration).items()}, "met": _COUNTS["met"],
    })  # fmt: skip


def asked(vendors: Mapping[str, Vendor], duration: str) -> Schema:
    """A fault as it is asked for."""
    shapes = [_asked(on, do, kind, vendors, duration) for on, kinds in KINDS.items() for do, kind in kinds.items()]
    return {"type": "object", "oneOf": shapes}


def _asked(on: On, do: str, kind: Kind, vendors: Mapping[str, Vendor], duration: str) -> Schema:
    speaks_of = {**_CALLS, "operation": nullable(text(enum=endpoints(vendors)))} if on == "calls" else _DELIVERIES
    taken = {
        name: shape if kind.takes[name] is None else nullable(shape)
        for name, shape in _taken(duration).items()
        if name in kind.takes
    }
    members = {
        **_COUNTS, "on": text(enum=[on]), "do": text(enum=[do]), "vendor": nullable(text(enum=_names(vendors, do))),
        **speaks_of, **taken,
    }  # fmt: skip
    needed = {"do", *(name for name in taken if kind.takes[name] is None), *(() if on == "calls" else ("on",))}
    title = named(f"{do}_{'call' if on == 'calls' else 'delivery'}_fault")
    return {"title": title, **record(members, kind.what, members.keys() - needed)}


def _taken(duration: str) -> dict[str, Schema]:
    return {
        "status": integer(minimum=400, maximum=599),
        "duration": text("real time for calls, the sandbox's clock for deliveries", pattern=f"^{duration}$"),
        "retry_after": integer("seconds", minimum=0, maximum=MOST),
        "merge": ref("MergePatch"),
    }


def _names(vendors: Mapping[str, Vendor], do: str) -> list[str]:
    """The vendors that a fault can be about, with a hyphen too where the name has an underscore."""
    known = [id for id, vendor in vendors.items() if do != "expire_token" or vendor.token]
    return list(dict.fromkeys(name for id in known for name in (id, id.replace("_", "-"))))
