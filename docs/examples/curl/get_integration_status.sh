#!/usr/bin/env bash
# GET /get-integration-status
# Reads API_URL, API_TOKEN.
set -euo pipefail

curl --silent --show-error --fail-with-body --request GET "$API_URL/get-integration-status" \
  --header "Authorization: Bearer $API_TOKEN"
