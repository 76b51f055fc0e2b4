#!/usr/bin/env bash
# POST /store-telnyx-credentials
# Reads API_URL, API_TOKEN, TELNYX_API_KEY, TELNYX_PUBLIC_KEY, TELNYX_ACCOUNT_SID.
set -euo pipefail

curl --silent --show-error --fail-with-body --request POST "$API_URL/store-telnyx-credentials" \
  --header "Authorization: Bearer $API_TOKEN" \
  --header "Content-Type: application/json" \
  --data @- <<BODY
{"telnyx_api_key": "${TELNYX_API_KEY}", "telnyx_public_key": "${TELNYX_PUBLIC_KEY}", "telnyx_account_sid": "${TELNYX_ACCOUNT_SID}"}
BODY
