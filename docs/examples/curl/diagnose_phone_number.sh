#!/usr/bin/env bash
# GET /phone-numbers/{phone_number}/diagnose
# Reads API_URL, API_TOKEN, PHONE_NUMBER.
set -euo pipefail

curl --silent --show-error --fail-with-body --request GET "$API_URL/phone-numbers/$PHONE_NUMBER/diagnose" \
  --header "Authorization: Bearer $API_TOKEN"
