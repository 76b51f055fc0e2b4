"""Telephony provisioning: the package that every Lambda function of the bundle shares."""

from telephony import startup

__version__ = "1.0.0"

startup.begin()
