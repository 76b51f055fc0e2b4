"""GET /phone-configurations/by-request/{phone_request_id}
Reads API_URL, API_TOKEN, PHONE_REQUEST_ID."""

import os

import requests

response = requests.get(
    f"{os.environ['API_URL']}/phone-configurations/by-request/{os.environ['PHONE_REQUEST_ID']}",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
