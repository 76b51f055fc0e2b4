"""GET /operations/{operation_id}
Reads API_URL, API_TOKEN, OPERATION_ID."""

import os

import requests

response = requests.get(
    f"{os.environ['API_URL']}/operations/{os.environ['OPERATION_ID']}",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
