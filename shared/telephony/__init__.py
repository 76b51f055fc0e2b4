"""Telephony provisioning: the package that every Lambda function of the bundle shares."""

__version__ = "1.0.0"
