"""POST /telnyx-webhook/{agency_id}/{webhook_secret}
Reads API_URL, AGENCY_ID, WEBHOOK_SECRET, TELNYX_SIGNATURE, TELNYX_TIMESTAMP."""

import os

import requests

response = requests.post(
    f"{os.environ['API_URL']}/telnyx-webhook/{os.environ['AGENCY_ID']}/{os.environ['WEBHOOK_SECRET']}",
    headers={
        "Telnyx-Signature-Ed25519": os.environ["TELNYX_SIGNATURE"],
        "Telnyx-Timestamp": os.environ["TELNYX_TIMESTAMP"],
    },
    data='{"data": {"event_type": "call.initiated", "id": "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0", "payload": {}}}',
    timeout=35,
)
print(response.text)
response.raise_for_status()
