<?php
// GET /operations/{operation_id}
// Reads API_URL, API_TOKEN, OPERATION_ID.
$context = stream_context_create(["http" => [
    "method" => "GET",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
    ],
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$address = getenv("API_URL") . "/operations/" . getenv("OPERATION_ID");
echo file_get_contents($address, false, $context), "\n";
preg_match('/^HTTP\S+ (\d+)/', $http_response_header[0], $status);
exit((int) $status[1] < 400 ? 0 : 1);
