<?php
// POST /providers-configurations
// Reads API_URL, API_TOKEN, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, ORG_HANDLE.
$context = stream_context_create(["http" => [
    "method" => "POST",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
        "Content-Type: application/json",
        "Org-Handle: " . getenv("ORG_HANDLE"),
    ],
    "content" => json_encode([
        "name" => "Second account",
        "provider" => 3,
        "api_key" => getenv("TWILIO_ACCOUNT_SID"),
        "api_secret" => getenv("TWILIO_AUTH_TOKEN"),
    ]),
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$address = getenv("API_URL") . "/providers-configurations";
echo file_get_contents($address, false, $context), "\n";
preg_match('/^HTTP\S+ (\d+)/', $http_response_header[0], $status);
exit((int) $status[1] < 400 ? 0 : 1);
