#!/usr/bin/env bash
# POST /deprovision-telephony
# Reads API_URL, API_TOKEN.
set -euo pipefail

curl --silent --show-error --fail-with-body --request POST "$API_URL/deprovision-telephony" \
  --header "Authorization: Bearer $API_TOKEN" \
  --header "Content-Type: application/json" \
  --data @- <<'BODY'
{"confirm": true}
BODY
