<?php
// POST /telnyx-webhook/{agency_id}/{webhook_secret}
// Reads API_URL, AGENCY_ID, WEBHOOK_SECRET, TELNYX_SIGNATURE, TELNYX_TIMESTAMP.
$context = stream_context_create(["http" => [
    "method" => "POST",
    "header" => [
        "Content-Type: application/json",
        "Telnyx-Signature-Ed25519: " . getenv("TELNYX_SIGNATURE"),
        "Telnyx-Timestamp: " . getenv("TELNYX_TIMESTAMP"),
    ],
    "content" => '{"data": {"event_type": "call.initiated", "id": "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0", "payload": {}}}',
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$stream = fopen(getenv("API_URL") . "/telnyx-webhook/" . getenv("AGENCY_ID") . "/" . getenv("WEBHOOK_SECRET"), "r", false, $context);
echo stream_get_contents($stream), "\n";
$status = (int) explode(" ", stream_get_meta_data($stream)["wrapper_data"][0])[1];
exit($status < 400 ? 0 : 1);
