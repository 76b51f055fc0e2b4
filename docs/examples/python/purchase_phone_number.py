"""POST /phone-numbers/purchase
Reads API_URL, API_TOKEN, PHONE_NUMBER, IDEMPOTENCY_KEY."""

import os

import requests

response = requests.post(
    f"{os.environ['API_URL']}/phone-numbers/purchase",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
        "Idempotency-Key": os.environ["IDEMPOTENCY_KEY"],
    },
    json={
        "phone_number": os.environ["PHONE_NUMBER"],
        "provider": "telnyx",
        "friendly_name": "Front desk",
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
