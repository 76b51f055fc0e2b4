#!/usr/bin/env bash
# GET /phone-configurations/by-phone-number/{phone_number}
# Reads API_URL, API_TOKEN, PHONE_NUMBER.
set -euo pipefail

curl --silent --show-error --fail-with-body --request GET "$API_URL/phone-configurations/by-phone-number/$PHONE_NUMBER" \
  --header "Authorization: Bearer $API_TOKEN"
