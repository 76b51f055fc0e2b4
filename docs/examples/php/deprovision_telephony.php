<?php
// POST /deprovision-telephony
// Reads API_URL, API_TOKEN.
$context = stream_context_create(["http" => [
    "method" => "POST",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
        "Content-Type: application/json",
    ],
    "content" => json_encode([
        "confirm" => true,
    ]),
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$stream = fopen(getenv("API_URL") . "/deprovision-telephony", "r", false, $context);
echo stream_get_contents($stream), "\n";
$status = (int) explode(" ", stream_get_meta_data($stream)["wrapper_data"][0])[1];
exit($status < 400 ? 0 : 1);
