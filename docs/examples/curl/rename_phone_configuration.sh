#!/usr/bin/env bash
# PATCH /phone-configurations/{configuration_id}
# Reads API_URL, API_TOKEN, PHONE_CONFIGURATION_ID.
set -euo pipefail

curl --silent --show-error --fail-with-body --request PATCH "$API_URL/phone-configurations/$PHONE_CONFIGURATION_ID" \
  --header "Authorization: Bearer $API_TOKEN" \
  --header "Content-Type: application/json" \
  --data @- <<'BODY'
{"friendlyName": "Reception"}
BODY
