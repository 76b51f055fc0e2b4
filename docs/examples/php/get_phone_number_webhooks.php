<?php
// GET /phone-numbers/{phone_number}/webhooks
// Reads API_URL, API_TOKEN, PHONE_NUMBER.
$context = stream_context_create(["http" => [
    "method" => "GET",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
    ],
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$address = getenv("API_URL") . "/phone-numbers/" . getenv("PHONE_NUMBER") . "/webhooks";
echo file_get_contents($address, false, $context), "\n";
preg_match('/^HTTP\S+ (\d+)/', $http_response_header[0], $status);
exit((int) $status[1] < 400 ? 0 : 1);
