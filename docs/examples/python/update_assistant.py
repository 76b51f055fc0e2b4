"""PATCH /assistants/{assistant_id}
Reads API_URL, API_TOKEN, ASSISTANT_ID."""

import os

import requests

response = requests.patch(
    f"{os.environ['API_URL']}/assistants/{os.environ['ASSISTANT_ID']}",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
    },
    json={
        "name": "Reception",
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
