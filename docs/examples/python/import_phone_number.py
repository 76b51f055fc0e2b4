"""POST /phone-numbers/import
Reads API_URL, API_TOKEN, CARRIER_NUMBER."""

import os

import requests

response = requests.post(
    f"{os.environ['API_URL']}/phone-numbers/import",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
    },
    json={
        "phone_number": os.environ["CARRIER_NUMBER"],
        "provider": "telnyx",
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
