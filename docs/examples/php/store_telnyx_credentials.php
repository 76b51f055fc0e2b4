<?php
// POST /store-telnyx-credentials
// Reads API_URL, API_TOKEN, TELNYX_API_KEY, TELNYX_PUBLIC_KEY.
$context = stream_context_create(["http" => [
    "method" => "POST",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
        "Content-Type: application/json",
    ],
    "content" => json_encode([
        "telnyx_api_key" => getenv("TELNYX_API_KEY"),
        "telnyx_public_key" => getenv("TELNYX_PUBLIC_KEY"),
    ]),
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$address = getenv("API_URL") . "/store-telnyx-credentials";
echo file_get_contents($address, false, $context), "\n";
preg_match('/^HTTP\S+ (\d+)/', $http_response_header[0], $status);
exit((int) $status[1] < 400 ? 0 : 1);
