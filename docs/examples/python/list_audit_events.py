"""GET /audit-events
Reads API_URL, API_TOKEN."""

import os

import requests

response = requests.get(
    f"{os.environ['API_URL']}/audit-events",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
