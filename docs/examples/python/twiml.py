"""POST /twiml
Reads API_URL."""

import os

import requests

response = requests.post(
    f"{os.environ['API_URL']}/twiml",
    headers={
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": "0/KCTR6DLpKmkAf8muzZqo1nDgQ=",
    },
    data="AccountSid=AC00000000000000000000000000000000&CallSid=CA00000000000000000000000000000000&From=%2B12125550100&To=%2B12125550199",
    timeout=35,
)
print(response.text)
response.raise_for_status()
