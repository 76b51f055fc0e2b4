<?php
// GET /openapi.json
// Reads API_URL.
$context = stream_context_create(["http" => [
    "method" => "GET",
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$stream = fopen(getenv("API_URL") . "/openapi.json", "r", false, $context);
echo stream_get_contents($stream), "\n";
$status = (int) explode(" ", stream_get_meta_data($stream)["wrapper_data"][0])[1];
exit($status < 400 ? 0 : 1);
