"""POST /provider-configurations
Reads API_URL, API_TOKEN, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, ORG_HANDLE."""

import os

import requests

response = requests.post(
    f"{os.environ['API_URL']}/provider-configurations",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
        "Org-Handle": os.environ["ORG_HANDLE"],
    },
    json={
        "name": "Second account",
        "provider": 3,
        "api_key": os.environ["TWILIO_ACCOUNT_SID"],
        "api_secret": os.environ["TWILIO_AUTH_TOKEN"],
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
