<?php
// GET /phone-configurations/by-request/{phone_request_id}
// Reads API_URL, API_TOKEN, PHONE_REQUEST_ID.
$context = stream_context_create(["http" => [
    "method" => "GET",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
    ],
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$stream = fopen(getenv("API_URL") . "/phone-configurations/by-request/" . getenv("PHONE_REQUEST_ID"), "r", false, $context);
echo stream_get_contents($stream), "\n";
$status = (int) explode(" ", stream_get_meta_data($stream)["wrapper_data"][0])[1];
exit($status < 400 ? 0 : 1);
