"""What a client may claim: a closed list. What it does not claim is not asked of it, and never counts as passed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from assessment_contracts.clients.adapter import AT_ONCE


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that a client can do: its meaning, and the methods that an adapter needs for it."""

    id: str
    meaning: str
    methods: tuple[str, ...] = ()


FEATURES: Mapping[str, Feature] = {
    feature.id: feature
    for feature in (
        Feature(
            "pymetrics.orders",
            "creates orders and reads them by their id",
            ("create_order", "get_order"),
        ),
        Feature("pymetrics.assessments", "lists the assessments that can be ordered", ("assessments",)),
        Feature("pymetrics.search", "lists orders by application and by candidate", ("list_orders",)),
        Feature("pymetrics.renewal", "gets a new token when one has expired"),
        Feature(
            "pymetrics.patience", "retries by itself after errors that the vendor calls recoverable, and after a 429"
        ),
        Feature("pymetrics.concurrency", "may be called twice at the same time, by threads or tasks", (AT_ONCE,)),
        Feature(
            "pymetrics.webhooks",
            "receives webhooks of our extension, and knows the status of an order from them",
            ("receive", "state_of"),
        ),
        Feature(
            "predictive_index.assessments",
            "creates assessments and reads them by their id",
            ("create_assessment", "get_assessment"),
        ),
        Feature("predictive_index.changes", "changes assessments", ("change_assessment",)),
        Feature("predictive_index.patience", "retries reads by itself after a 429 and during maintenance"),
        Feature(
            "predictive_index.recovery",
            "finds by the externalId an assessment whose creation got no response",
        ),
        Feature(
            "predictive_index.webhooks",
            "receives the vendor's webhooks, and knows the state of an assessment from them",
            ("receive", "state_of"),
        ),
    )
}
"""Every feature, by its id."""


class Unclaimable(Exception):
    """What an adapter says of itself cannot be: its message says what is wrong, and what would be right."""


def claimed(said: Collection[str] | None, methods: Collection[str]) -> frozenset[str]:
    """The features that a client claims.

    `said` is what the adapter lists, None where it lists nothing: then it claims all that its `methods` allow.
    """
    if said is None:
        return frozenset(id for id, feature in FEATURES.items() if _able(id, methods) and _rooted(feature, methods))
    if unknown := sorted(set(said) - FEATURES.keys()):
        raise Unclaimable(f"no such feature: {', '.join(unknown)}; the features are {', '.join(FEATURES)}")
    for id in sorted(said):
        if missing := [name for name in FEATURES[id].methods if name not in methods]:
            raise Unclaimable(f"{id} is claimed, but the adapter has no {' and no '.join(missing)}")
    return frozenset(said)


def _able(id: str, methods: Collection[str]) -> bool:
    return all(name in methods for name in FEATURES[id].methods)


def _rooted(feature: Feature, methods: Collection[str]) -> bool:
    """Whether the client has the first feature of its vendor, on which the others build."""
    vendor = feature.id.split(".")[0]
    root = next(one for one in FEATURES.values() if one.id.startswith(f"{vendor}."))
    return all(name in methods for name in root.methods)
