#!/usr/bin/env bash
# POST /phone-numbers/purchase-batch
# Reads API_URL, API_TOKEN, SECOND_PHONE_NUMBER.
set -euo pipefail

curl --silent --show-error --fail-with-body --request POST "$API_URL/phone-numbers/purchase-batch" \
  --header "Authorization: Bearer $API_TOKEN" \
  --header "Content-Type: application/json" \
  --data @- <<BODY
{"items": [{"phone_number": "${SECOND_PHONE_NUMBER}", "provider": "telnyx"}]}
BODY
