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
$address = getenv("API_URL") . "/twiml";
echo file_get_contents($address, false, $context), "\n";
preg_match('/^HTTP\S+ (\d+)/', $http_response_header[0], $status);
exit((int) $status[1] < 400 ? 0 : 1);
