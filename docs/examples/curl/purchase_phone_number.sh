#!/usr/bin/env bash
# POST /phone-numbers/purchase
# Reads API_URL, API_TOKEN, PHONE_NUMBER, IDEMPOTENCY_KEY.
set -euo pipefail

curl --silent --show-error --fail-with-body --request POST "$API_URL/phone-numbers/purchase" \
  --header "Authorization: Bearer $API_TOKEN" \
  --header "Content-Type: application/json" \
  --header "Idempotency-Key: $IDEMPOTENCY_KEY" \
  --data @- <<BODY
{"phone_number": "${PHONE_NUMBER}", "provider": "telnyx", "friendly_name": "Front desk"}
BODY
