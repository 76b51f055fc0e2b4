#!/usr/bin/env bash
# GET /operations/{operation_id}
# Reads API_URL, API_TOKEN, OPERATION_ID.
set -euo pipefail

curl --silent --show-error --fail-with-body --request GET "$API_URL/operations/$OPERATION_ID" \
  --header "Authorization: Bearer $API_TOKEN"
