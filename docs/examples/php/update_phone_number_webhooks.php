<?php
// PUT /phone-numbers/webhooks
// Reads API_URL, API_TOKEN, PHONE_NUMBER.
$context = stream_context_create(["http" => [
    "method" => "PUT",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
        "Content-Type: application/json",
    ],
    "content" => json_encode([
        "phone_number" => getenv("PHONE_NUMBER"),
        "disable_sms" => true,
    ]),
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$stream = fopen(getenv("API_URL") . "/phone-numbers/webhooks", "r", false, $context);
echo stream_get_contents($stream), "\n";
$status = (int) explode(" ", stream_get_meta_data($stream)["wrapper_data"][0])[1];
exit($status < 400 ? 0 : 1);
