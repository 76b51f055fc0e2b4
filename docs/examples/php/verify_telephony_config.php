<?php
// GET /verify-telephony-config
// Reads API_URL, API_TOKEN.
$context = stream_context_create(["http" => [
    "method" => "GET",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
    ],
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$address = getenv("API_URL") . "/verify-telephony-config";
echo file_get_contents($address, false, $context), "\n";
preg_match('/^HTTP\S+ (\d+)/', $http_response_header[0], $status);
exit((int) $status[1] < 400 ? 0 : 1);
