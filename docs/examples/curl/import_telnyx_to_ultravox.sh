#!/usr/bin/env bash
# POST /import-telnyx-to-ultravox
# Reads API_URL, API_TOKEN.
set -euo pipefail

curl --silent --show-error --fail-with-body --request POST "$API_URL/import-telnyx-to-ultravox" \
  --header "Authorization: Bearer $API_TOKEN"
