#!/usr/bin/env bash
# POST /telnyx-webhook/{agency_id}/{webhook_secret}
# Reads API_URL, AGENCY_ID, WEBHOOK_SECRET, TELNYX_SIGNATURE, TELNYX_TIMESTAMP.
set -euo pipefail

curl --silent --show-error --fail-with-body --request POST "$API_URL/telnyx-webhook/$AGENCY_ID/$WEBHOOK_SECRET" \
  --header "Content-Type: application/json" \
  --header "Telnyx-Signature-Ed25519: $TELNYX_SIGNATURE" \
  --header "Telnyx-Timestamp: $TELNYX_TIMESTAMP" \
  --data @- <<'BODY'
{"data": {"event_type": "call.initiated", "id": "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0", "payload": {}}}
BODY
