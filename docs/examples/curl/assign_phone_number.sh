#!/usr/bin/env bash
# POST /phone-numbers/assign
# Reads API_URL, API_TOKEN, PHONE_NUMBER, ASSISTANT_ID.
set -euo pipefail

curl --silent --show-error --fail-with-body --request POST "$API_URL/phone-numbers/assign" \
  --header "Authorization: Bearer $API_TOKEN" \
  --header "Content-Type: application/json" \
  --data @- <<BODY
{"phone_number": "${PHONE_NUMBER}", "assistant_id": ${ASSISTANT_ID}}
BODY
