"""A simulated SignalWire."""

from local.simulators.signalwire.simulator import SignalWire

__all__ = ["SignalWire"]
