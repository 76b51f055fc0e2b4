<?php
// PATCH /phone-configurations
// Reads API_URL, API_TOKEN, PHONE_CONFIGURATION_ID.
$context = stream_context_create(["http" => [
    "method" => "PATCH",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
        "Content-Type: application/json",
    ],
    "content" => json_encode([
        "id" => getenv("PHONE_CONFIGURATION_ID"),
        "friendlyName" => "Front desk",
    ]),
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$stream = fopen(getenv("API_URL") . "/phone-configurations", "r", false, $context);
echo stream_get_contents($stream), "\n";
$status = (int) explode(" ", stream_get_meta_data($stream)["wrapper_data"][0])[1];
exit($status < 400 ? 0 : 1);
