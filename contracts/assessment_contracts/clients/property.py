"""A contract of a client: a property that names the feature it is about."""

from collections.abc import Callable
from dataclasses import replace

from assessment_contracts import property as properties
from assessment_contracts.clients.features import FEATURES
from assessment_contracts.property import Drawn, Property
from assessment_contracts.sources import Source, Standing


def contract(
    feature: str, id: str, statement: str, source: Source, standing: Standing = Standing.ASSUMED, *,
    examples: float = 1.0, why: str = "",
) -> Callable[[Callable[..., None] | Drawn], Property]:  # fmt: skip
    """Make a property of a test that takes a `ClientContext`; its id becomes `client.<vendor>.<id>`.

    What good behaviour is, and why, stands in the test's docstring, or in `why` where one test serves both vendors.
    """
    vendor = feature.partition(".")[0]
    assert feature in FEATURES, feature

    def made(test: Callable[..., None] | Drawn) -> Property:
        named = properties.contract(
            f"client.{vendor}.{id}", statement, standing=standing, source=source, feature=feature, examples=examples,
        )(test)  # fmt: skip
        return replace(named, vendor=vendor.replace("_", "-"), why=why or named.why)

    return made
