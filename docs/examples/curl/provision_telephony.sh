#!/usr/bin/env bash
# POST /provision-telephony
# Reads API_URL, API_TOKEN.
set -euo pipefail

curl --silent --show-error --fail-with-body --request POST "$API_URL/provision-telephony" \
  --header "Authorization: Bearer $API_TOKEN" \
  --header "Content-Type: application/json" \
  --data @- <<'BODY'
{"force": true}
BODY
