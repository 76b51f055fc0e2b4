#!/usr/bin/env bash
# GET /provider-configurations
# Reads API_URL, API_TOKEN.
set -euo pipefail

curl --silent --show-error --fail-with-body --request GET "$API_URL/provider-configurations" \
  --header "Authorization: Bearer $API_TOKEN"
