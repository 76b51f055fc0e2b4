<?php
// POST /assistants
// Reads API_URL, API_TOKEN, ULTRAVOX_AGENT_ID.
$context = stream_context_create(["http" => [
    "method" => "POST",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
        "Content-Type: application/json",
    ],
    "content" => json_encode([
        "name" => "Front desk",
        "ultravox_agent_id" => getenv("ULTRAVOX_AGENT_ID"),
    ]),
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$address = getenv("API_URL") . "/assistants";
echo file_get_contents($address, false, $context), "\n";
preg_match('/^HTTP\S+ (\d+)/', $http_response_header[0], $status);
exit((int) $status[1] < 400 ? 0 : 1);
