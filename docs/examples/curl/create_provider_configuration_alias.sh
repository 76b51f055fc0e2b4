#!/usr/bin/env bash
# POST /providers-configurations
# Reads API_URL, API_TOKEN, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, ORG_HANDLE.
set -euo pipefail

curl --silent --show-error --fail-with-body --request POST "$API_URL/providers-configurations" \
  --header "Authorization: Bearer $API_TOKEN" \
  --header "Content-Type: application/json" \
  --header "Org-Handle: $ORG_HANDLE" \
  --data @- <<BODY
{"name": "Second account", "provider": 3, "api_key": "${TWILIO_ACCOUNT_SID}", "api_secret": "${TWILIO_AUTH_TOKEN}"}
BODY
