"""PATCH /providers-configurations/{configuration_id}
Reads API_URL, API_TOKEN, PROVIDER_CONFIGURATION_ID, ORG_HANDLE, PRODUCT_ID."""

import os

import requests

response = requests.patch(
    f"{os.environ['API_URL']}/providers-configurations/{os.environ['PROVIDER_CONFIGURATION_ID']}",
    headers={
        "Authorization": f"Bearer {os.environ['API_TOKEN']}",
        "Org-Handle": os.environ["ORG_HANDLE"],
        "Product-ID": os.environ["PRODUCT_ID"],
    },
    json={
        "name": "Spare account",
    },
    timeout=35,
)
print(response.text)
response.raise_for_status()
