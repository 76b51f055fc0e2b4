"""The operator's command line: `python -m telephony.admin`."""
