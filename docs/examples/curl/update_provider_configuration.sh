#!/usr/bin/env bash
# PATCH /provider-configurations/{configuration_id}
# Reads API_URL, API_TOKEN, PROVIDER_CONFIGURATION_ID, ORG_HANDLE, PRODUCT_ID.
set -euo pipefail

curl --silent --show-error --fail-with-body --request PATCH "$API_URL/provider-configurations/$PROVIDER_CONFIGURATION_ID" \
  --header "Authorization: Bearer $API_TOKEN" \
  --header "Content-Type: application/json" \
  --header "Org-Handle: $ORG_HANDLE" \
  --header "Product-ID: $PRODUCT_ID" \
  --data @- <<'BODY'
{"name": "Spare account"}
BODY
