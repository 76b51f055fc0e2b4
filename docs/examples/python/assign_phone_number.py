"""POST /phone-numbers/assign
Reads API_URL, API_TOKEN, PHONE_NUMBER, ASSISTANT_ID."""

import os

import requests

response = requests.post(
    f"{os.environ['API_URL']}/phone-numbers/assign",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
    },
    json={
        "phone_number": os.environ["PHONE_NUMBER"],
        "assistant_id": int(os.environ["ASSISTANT_ID"]),
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
