#!/usr/bin/env bash
# GET /docs/{asset}
# Reads API_URL.
set -euo pipefail

curl --silent --show-error --fail-with-body --request GET "$API_URL/docs/docs.js"
