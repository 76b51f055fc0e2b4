"""POST /save-ultravox-integration
Reads API_URL, API_TOKEN, ULTRAVOX_API_KEY."""

import os

import requests

response = requests.post(
    f"{os.environ['API_URL']}/save-ultravox-integration",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
    },
    json={
        "api_key": os.environ["ULTRAVOX_API_KEY"],
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
