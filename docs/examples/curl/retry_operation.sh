#!/usr/bin/env bash
# POST /operations/{operation_id}/retry
# Reads API_URL, API_TOKEN, OPERATION_ID.
set -euo pipefail

curl --silent --show-error --fail-with-body --request POST "$API_URL/operations/$OPERATION_ID/retry" \
  --header "Authorization: Bearer $API_TOKEN"
