"""POST /import-telnyx-to-ultravox
Reads API_URL, API_TOKEN."""

import os

import requests

response = requests.post(
    f"{os.environ['API_URL']}/import-telnyx-to-ultravox",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
