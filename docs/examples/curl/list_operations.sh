#!/usr/bin/env bash
# GET /operations
# Reads API_URL, API_TOKEN.
set -euo pipefail

curl --silent --show-error --fail-with-body --request GET "$API_URL/operations?kind=purchase" \
  --header "Authorization: Bearer $API_TOKEN"
