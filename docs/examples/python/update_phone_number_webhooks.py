"""PUT /phone-numbers/webhooks
Reads API_URL, API_TOKEN, PHONE_NUMBER."""

import os

import requests

response = requests.put(
    f"{os.environ['API_URL']}/phone-numbers/webhooks",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
    },
    json={
        "phone_number": os.environ["PHONE_NUMBER"],
        "disable_sms": True,
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
