<?php
// GET /providers-configurations/{configuration_id}
// Reads API_URL, API_TOKEN, PROVIDER_CONFIGURATION_ID, ORG_HANDLE, PRODUCT_ID.
$context = stream_context_create(["http" => [
    "method" => "GET",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
        "Org-Handle: " . getenv("ORG_HANDLE"),
        "Product-ID: " . getenv("PRODUCT_ID"),
    ],
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$address = getenv("API_URL") . "/providers-configurations/" . getenv("PROVIDER_CONFIGURATION_ID");
echo file_get_contents($address, false, $context), "\n";
preg_match('/^HTTP\S+ (\d+)/', $http_response_header[0], $status);
exit((int) $status[1] < 400 ? 0 : 1);
