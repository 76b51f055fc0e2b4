"""GET /phone-numbers/{phone_number}/diagnose
Reads API_URL, API_TOKEN, PHONE_NUMBER."""

import os

import requests

response = requests.get(
    f"{os.environ['API_URL']}/phone-numbers/{os.environ['PHONE_NUMBER']}/diagnose",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
