<?php
// POST /phone-numbers/purchase
// Reads API_URL, API_TOKEN, PHONE_NUMBER, IDEMPOTENCY_KEY.
$context = stream_context_create(["http" => [
    "method" => "POST",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
        "Content-Type: application/json",
        "Idempotency-Key: " . getenv("IDEMPOTENCY_KEY"),
    ],
    "content" => json_encode([
        "phone_number" => getenv("PHONE_NUMBER"),
        "provider" => "telnyx",
        "friendly_name" => "Front desk",
    ]),
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$stream = fopen(getenv("API_URL") . "/phone-numbers/purchase", "r", false, $context);
echo stream_get_contents($stream), "\n";
$status = (int) explode(" ", stream_get_meta_data($stream)["wrapper_data"][0])[1];
exit($status < 400 ? 0 : 1);
