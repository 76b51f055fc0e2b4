<?php
// PUT /phone-numbers/webhooks
// Reads API_URL, API_TOKEN, PHONE_NUMBER.
$context = stream_context_create(["http" => [
    "method" => "PUT",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
        "Content-Type: application/json",
    ],
    "content" => json_encode([
        "phone_number" => getenv("PHONE_NUMBER"),
        "disable_sms" => true,
    ]),
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$address = getenv("API_URL") . "/phone-numbers/webhooks";
echo file_get_contents($address, false, $context), "\n";
preg_match('/^HTTP\S+ (\d+)/', $http_response_header[0], $status);
exit((int) $status[1] < 400 ? 0 : 1);
