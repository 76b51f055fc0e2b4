"""A simulated Ultravox."""

from local.simulators.ultravox.simulator import Ultravox

__all__ = ["Ultravox"]
