"""POST /assistants
Reads API_URL, API_TOKEN, ULTRAVOX_AGENT_ID."""

import os

import requests

response = requests.post(
    f"{os.environ['API_URL']}/assistants",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
    },
    json={
        "name": "Front desk",
        "ultravox_agent_id": os.environ["ULTRAVOX_AGENT_ID"],
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
