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
$address = getenv("API_URL") . "/phone-numbers/purchase";
echo file_get_contents($address, false, $context), "\n";
preg_match('/^HTTP\S+ (\d+)/', $http_response_header[0], $status);
exit((int) $status[1] < 400 ? 0 : 1);
