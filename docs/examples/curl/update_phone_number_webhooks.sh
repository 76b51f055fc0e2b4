#!/usr/bin/env bash
# PUT /phone-numbers/webhooks
# Reads API_URL, API_TOKEN, PHONE_NUMBER.
set -euo pipefail

curl --silent --show-error --fail-with-body --request PUT "$API_URL/phone-numbers/webhooks" \
  --header "Authorization: Bearer $API_TOKEN" \
  --header "Content-Type: application/json" \
  --data @- <<BODY
{"phone_number": "${PHONE_NUMBER}", "disable_sms": true}
BODY
