#!/usr/bin/env bash
# POST /repair-telephony-config
# Reads API_URL, API_TOKEN.
set -euo pipefail

curl --silent --show-error --fail-with-body --request POST "$API_URL/repair-telephony-config" \
  --header "Authorization: Bearer $API_TOKEN" \
  --header "Content-Type: application/json" \
  --data @- <<'BODY'
{"dry_run": true}
BODY
