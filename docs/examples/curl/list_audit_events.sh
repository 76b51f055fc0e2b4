#!/usr/bin/env bash
# GET /audit-events
# Reads API_URL, API_TOKEN.
set -euo pipefail

curl --silent --show-error --fail-with-body --request GET "$API_URL/audit-events" \
  --header "Authorization: Bearer $API_TOKEN"
