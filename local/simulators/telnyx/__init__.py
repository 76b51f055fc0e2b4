"""A simulated Telnyx."""

from local.simulators.telnyx.simulator import Telnyx

__all__ = ["Telnyx"]
