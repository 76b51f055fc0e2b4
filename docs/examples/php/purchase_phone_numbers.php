<?php
// POST /phone-numbers/purchase-batch
// Reads API_URL, API_TOKEN, SECOND_PHONE_NUMBER.
$context = stream_context_create(["http" => [
    "method" => "POST",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
        "Content-Type: application/json",
    ],
    "content" => json_encode([
        "items" => [
            [
                "phone_number" => getenv("SECOND_PHONE_NUMBER"),
                "provider" => "telnyx",
            ],
        ],
    ]),
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$address = getenv("API_URL") . "/phone-numbers/purchase-batch";
echo file_get_contents($address, false, $context), "\n";
preg_match('/^HTTP\S+ (\d+)/', $http_response_header[0], $status);
exit((int) $status[1] < 400 ? 0 : 1);
