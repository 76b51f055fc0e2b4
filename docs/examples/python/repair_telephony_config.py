"""POST /repair-telephony-config
Reads API_URL, API_TOKEN."""

import os

import requests

response = requests.post(
    f"{os.environ['API_URL']}/repair-telephony-config",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
    },
    json={
        "dry_run": True,
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
