"""GET /docs
Reads API_URL."""

import os

import requests

response = requests.get(
    f"{os.environ['API_URL']}/docs",
    timeout=35,
)
print(response.text)
response.raise_for_status()
