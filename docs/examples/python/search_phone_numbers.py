"""POST /phone-numbers/search
Reads API_URL, API_TOKEN."""

import os

import requests

response = requests.post(
    f"{os.environ['API_URL']}/phone-numbers/search",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
    },
    json={
        "provider": "telnyx",
        "country_code": "US",
        "limit": 3,
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
