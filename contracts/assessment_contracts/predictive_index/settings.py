"""A sandbox with settings that we know, where there is a control API to set them."""

from assessment_contracts.context import Context
from assessment_contracts.predictive_index.strategies import SETTINGS
from assessment_contracts.sandbox import Sandbox


def furnished(sandbox: Sandbox) -> Sandbox:
    """The sandbox, furnished with `SETTINGS`."""
    if "furnished" not in sandbox.memo:
        sandbox.config(**SETTINGS)
        sandbox.memo["furnished"] = True
    return sandbox


def apart(context: Context) -> Sandbox:
    """A sandbox in which little is found, for what asks everything that is there; a vendor's account is as it is."""
    return context.fresh() if context.is_simulator else context.sandbox
