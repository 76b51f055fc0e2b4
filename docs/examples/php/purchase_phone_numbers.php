<?php
// POST /phone-numbers/purchase-batch
// Reads API_URL, API_TOKEN, SECOND_PHONE_NUMBER.
$context = stream_context_create(["http" => [
    "method" => "POST",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
        "Content-Type: application/json",
    ],
    "content" => json_encode([
        "items" => [
            [
                "phone_number" => getenv("SECOND_PHONE_NUMBER"),
                "provider" => "telnyx",
            ],
        ],
    ]),
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$stream = fopen(getenv("API_URL") . "/phone-numbers/purchase-batch", "r", false, $context);
echo stream_get_contents($stream), "\n";
$status = (int) explode(" ", stream_get_meta_data($stream)["wrapper_data"][0])[1];
exit($status < 400 ? 0 : 1);
