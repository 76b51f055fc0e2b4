#!/usr/bin/env bash
# POST /twiml
# Reads API_URL.
set -euo pipefail

curl --silent --show-error --fail-with-body --request POST "$API_URL/twiml" \
  --header "Content-Type: application/x-www-form-urlencoded" \
  --header "X-Twilio-Signature: 0/KCTR6DLpKmkAf8muzZqo1nDgQ=" \
  --data @- <<'BODY'
AccountSid=AC00000000000000000000000000000000&CallSid=CA00000000000000000000000000000000&From=%2B12125550100&To=%2B12125550199
BODY
