#!/usr/bin/env bash
# GET /openapi.json
# Reads API_URL.
set -euo pipefail

curl --silent --show-error --fail-with-body --request GET "$API_URL/openapi.json"
