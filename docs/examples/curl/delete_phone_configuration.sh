#!/usr/bin/env bash
# DELETE /phone-configurations/{configuration_id}
# Reads API_URL, API_TOKEN, PHONE_CONFIGURATION_ID.
set -euo pipefail

curl --silent --show-error --fail-with-body --request DELETE "$API_URL/phone-configurations/$PHONE_CONFIGURATION_ID" \
  --header "Authorization: Bearer $API_TOKEN"
