#!/usr/bin/env bash
# PATCH /assistants/{assistant_id}
# Reads API_URL, API_TOKEN, ASSISTANT_ID.
set -euo pipefail

curl --silent --show-error --fail-with-body --request PATCH "$API_URL/assistants/$ASSISTANT_ID" \
  --header "Authorization: Bearer $API_TOKEN" \
  --header "Content-Type: application/json" \
  --data @- <<'BODY'
{"name": "Reception"}
BODY
