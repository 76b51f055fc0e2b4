<?php
// PATCH /phone-configurations/{configuration_id}
// Reads API_URL, API_TOKEN, PHONE_CONFIGURATION_ID.
$context = stream_context_create(["http" => [
    "method" => "PATCH",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
        "Content-Type: application/json",
    ],
    "content" => json_encode([
        "friendlyName" => "Reception",
    ]),
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$address = getenv("API_URL") . "/phone-configurations/" . getenv("PHONE_CONFIGURATION_ID");
echo file_get_contents($address, false, $context), "\n";
preg_match('/^HTTP\S+ (\d+)/', $http_response_header[0], $status);
exit((int) $status[1] < 400 ? 0 : 1);
