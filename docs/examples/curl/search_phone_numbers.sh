#!/usr/bin/env bash
# POST /phone-numbers/search
# Reads API_URL, API_TOKEN.
set -euo pipefail

curl --silent --show-error --fail-with-body --request POST "$API_URL/phone-numbers/search" \
  --header "Authorization: Bearer $API_TOKEN" \
  --header "Content-Type: application/json" \
  --data @- <<'BODY'
{"provider": "telnyx", "country_code": "US", "limit": 3}
BODY
