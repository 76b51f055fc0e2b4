#!/usr/bin/env bash
# POST /save-ultravox-integration
# Reads API_URL, API_TOKEN, ULTRAVOX_API_KEY.
set -euo pipefail

curl --silent --show-error --fail-with-body --request POST "$API_URL/save-ultravox-integration" \
  --header "Authorization: Bearer $API_TOKEN" \
  --header "Content-Type: application/json" \
  --data @- <<BODY
{"api_key": "${ULTRAVOX_API_KEY}"}
BODY
