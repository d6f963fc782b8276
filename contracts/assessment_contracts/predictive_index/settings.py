"""A sandbox with settings that we know, where there is a control API to set them."""

from assessment_contracts.lab import Lab
from assessment_contracts.predictive_index.strategies import SETTINGS
from assessment_contracts.sandbox import Sandbox


def furnished(sandbox: Sandbox) -> Sandbox:
    """The sandbox, furnished with `SETTINGS`."""
    if "furnished" not in sandbox.memo:
        sandbox.config(**SETTINGS)
        sandbox.memo["furnished"] = True
    return sandbox


def apart(lab: Lab) -> Sandbox:
    """A sandbox in which little is found, for what asks everything that is there; a vendor's account is as it is."""
    return lab.fresh() if lab.is_simulator else lab.sandbox
