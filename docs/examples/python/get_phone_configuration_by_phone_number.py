"""GET /phone-configurations/by-phone-number/{phone_number}
Reads API_URL, API_TOKEN, PHONE_NUMBER."""

import os

import requests

response = requests.get(
    f"{os.environ['API_URL']}/phone-configurations/by-phone-number/{os.environ['PHONE_NUMBER']}",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
