#!/usr/bin/env bash
# PATCH /phone-configurations
# Reads API_URL, API_TOKEN, PHONE_CONFIGURATION_ID.
set -euo pipefail

curl --silent --show-error --fail-with-body --request PATCH "$API_URL/phone-configurations" \
  --header "Authorization: Bearer $API_TOKEN" \
  --header "Content-Type: application/json" \
  --data @- <<BODY
{"id": "${PHONE_CONFIGURATION_ID}", "friendlyName": "Front desk"}
BODY
