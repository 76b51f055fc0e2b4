"""POST /provision-telephony
Reads API_URL, API_TOKEN."""

import os

import requests

response = requests.post(
    f"{os.environ['API_URL']}/provision-telephony",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
    },
    json={
        "force": True,
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
