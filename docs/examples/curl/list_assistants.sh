#!/usr/bin/env bash
# GET /assistants
# Reads API_URL, API_TOKEN.
set -euo pipefail

curl --silent --show-error --fail-with-body --request GET "$API_URL/assistants" \
  --header "Authorization: Bearer $API_TOKEN"
