#!/usr/bin/env bash
# GET /phone-numbers/countries
# Reads API_URL, API_TOKEN.
set -euo pipefail

curl --silent --show-error --fail-with-body --request GET "$API_URL/phone-numbers/countries?provider=telnyx" \
  --header "Authorization: Bearer $API_TOKEN"
