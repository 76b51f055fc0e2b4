#!/usr/bin/env bash
# POST /phone-numbers/import
# Reads API_URL, API_TOKEN, CARRIER_NUMBER.
set -euo pipefail

curl --silent --show-error --fail-with-body --request POST "$API_URL/phone-numbers/import" \
  --header "Authorization: Bearer $API_TOKEN" \
  --header "Content-Type: application/json" \
  --data @- <<BODY
{"phone_number": "${CARRIER_NUMBER}", "provider": "telnyx"}
BODY
