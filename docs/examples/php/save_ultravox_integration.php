<?php
// POST /save-ultravox-integration
// Reads API_URL, API_TOKEN, ULTRAVOX_API_KEY.
$context = stream_context_create(["http" => [
    "method" => "POST",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
        "Content-Type: application/json",
    ],
    "content" => json_encode([
        "api_key" => getenv("ULTRAVOX_API_KEY"),
    ]),
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$stream = fopen(getenv("API_URL") . "/save-ultravox-integration", "r", false, $context);
echo stream_get_contents($stream), "\n";
$status = (int) explode(" ", stream_get_meta_data($stream)["wrapper_data"][0])[1];
exit($status < 400 ? 0 : 1);
