#!/usr/bin/env bash
# POST /assistants
# Reads API_URL, API_TOKEN, ULTRAVOX_AGENT_ID.
set -euo pipefail

curl --silent --show-error --fail-with-body --request POST "$API_URL/assistants" \
  --header "Authorization: Bearer $API_TOKEN" \
  --header "Content-Type: application/json" \
  --data @- <<BODY
{"name": "Front desk", "ultravox_agent_id": "${ULTRAVOX_AGENT_ID}"}
BODY
