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
$stream = fopen(getenv("API_URL") . "/providers-configurations", "r", false, $context);
echo stream_get_contents($stream), "\n";
$status = (int) explode(" ", stream_get_meta_data($stream)["wrapper_data"][0])[1];
exit($status < 400 ? 0 : 1);
