"""A simulated Twilio."""

from local.simulators.twilio.simulator import Twilio

__all__ = ["Twilio"]
