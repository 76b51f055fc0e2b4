"""POST /phone-numbers/release
Reads API_URL, API_TOKEN, SECOND_PHONE_NUMBER."""

import os

import requests

response = requests.post(
    f"{os.environ['API_URL']}/phone-numbers/release",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
    },
    json={
        "phone_number": os.environ["SECOND_PHONE_NUMBER"],
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
