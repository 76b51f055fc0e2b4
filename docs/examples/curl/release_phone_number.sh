#!/usr/bin/env bash
# POST /phone-numbers/release
# Reads API_URL, API_TOKEN, SECOND_PHONE_NUMBER.
set -euo pipefail

curl --silent --show-error --fail-with-body --request POST "$API_URL/phone-numbers/release" \
  --header "Authorization: Bearer $API_TOKEN" \
  --header "Content-Type: application/json" \
  --data @- <<BODY
{"phone_number": "${SECOND_PHONE_NUMBER}"}
BODY
