<?php
// POST /twiml
// Reads API_URL.
$context = stream_context_create(["http" => [
    "method" => "POST",
    "header" => [
        "Content-Type: application/x-www-form-urlencoded",
        "X-Twilio-Signature: 0/KCTR6DLpKmkAf8muzZqo1nDgQ=",
    ],
    "content" => 'AccountSid=AC00000000000000000000000000000000&CallSid=CA00000000000000000000000000000000&From=%2B12125550100&To=%2B12125550199',
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$stream = fopen(getenv("API_URL") . "/twiml", "r", false, $context);
echo stream_get_contents($stream), "\n";
$status = (int) explode(" ", stream_get_meta_data($stream)["wrapper_data"][0])[1];
exit($status < 400 ? 0 : 1);
