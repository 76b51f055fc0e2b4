#!/usr/bin/env bash
# GET /verify-telephony-config
# Reads API_URL, API_TOKEN.
set -euo pipefail

curl --silent --show-error --fail-with-body --request GET "$API_URL/verify-telephony-config" \
  --header "Authorization: Bearer $API_TOKEN"
