#!/usr/bin/env bash
# DELETE /assistants/{assistant_id}
# Reads API_URL, API_TOKEN, ASSISTANT_ID.
set -euo pipefail

curl --silent --show-error --fail-with-body --request DELETE "$API_URL/assistants/$ASSISTANT_ID" \
  --header "Authorization: Bearer $API_TOKEN"
