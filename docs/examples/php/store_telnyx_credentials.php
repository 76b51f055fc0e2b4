<?php
// POST /store-telnyx-credentials
// Reads API_URL, API_TOKEN, TELNYX_API_KEY, TELNYX_PUBLIC_KEY, TELNYX_ACCOUNT_SID.
$context = stream_context_create(["http" => [
    "method" => "POST",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
        "Content-Type: application/json",
    ],
    "content" => json_encode([
        "telnyx_api_key" => getenv("TELNYX_API_KEY"),
        "telnyx_public_key" => getenv("TELNYX_PUBLIC_KEY"),
        "telnyx_account_sid" => getenv("TELNYX_ACCOUNT_SID"),
    ]),
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$stream = fopen(getenv("API_URL") . "/store-telnyx-credentials", "r", false, $context);
echo stream_get_contents($stream), "\n";
$status = (int) explode(" ", stream_get_meta_data($stream)["wrapper_data"][0])[1];
exit($status < 400 ? 0 : 1);
