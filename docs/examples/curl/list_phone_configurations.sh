#!/usr/bin/env bash
# GET /phone-configurations
# Reads API_URL, API_TOKEN.
set -euo pipefail

curl --silent --show-error --fail-with-body --request GET "$API_URL/phone-configurations?pageSize=20" \
  --header "Authorization: Bearer $API_TOKEN"
