"""GET /phone-configurations/{configuration_id}
Reads API_URL, API_TOKEN, PHONE_CONFIGURATION_ID."""

import os

import requests

response = requests.get(
    f"{os.environ['API_URL']}/phone-configurations/{os.environ['PHONE_CONFIGURATION_ID']}",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
