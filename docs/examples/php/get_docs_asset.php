<?php
// GET /docs/{asset}
// Reads API_URL.
$context = stream_context_create(["http" => [
    "method" => "GET",
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$address = getenv("API_URL") . "/docs/docs.js";
echo file_get_contents($address, false, $context), "\n";
preg_match('/^HTTP\S+ (\d+)/', $http_response_header[0], $status);
exit((int) $status[1] < 400 ? 0 : 1);
