<?php
// PATCH /assistants/{assistant_id}
// Reads API_URL, API_TOKEN, ASSISTANT_ID.
$context = stream_context_create(["http" => [
    "method" => "PATCH",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
        "Content-Type: application/json",
    ],
    "content" => json_encode([
        "name" => "Reception",
    ]),
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$address = getenv("API_URL") . "/assistants/" . getenv("ASSISTANT_ID");
echo file_get_contents($address, false, $context), "\n";
preg_match('/^HTTP\S+ (\d+)/', $http_response_header[0], $status);
exit((int) $status[1] < 400 ? 0 : 1);
