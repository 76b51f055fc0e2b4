#!/usr/bin/env bash
# GET /phone-configurations/by-request/{phone_request_id}
# Reads API_URL, API_TOKEN, PHONE_REQUEST_ID.
set -euo pipefail

curl --silent --show-error --fail-with-body --request GET "$API_URL/phone-configurations/by-request/$PHONE_REQUEST_ID" \
  --header "Authorization: Bearer $API_TOKEN"
