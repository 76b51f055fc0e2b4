<?php
// PATCH /provider-configurations/{configuration_id}
// Reads API_URL, API_TOKEN, PROVIDER_CONFIGURATION_ID, ORG_HANDLE, PRODUCT_ID.
$context = stream_context_create(["http" => [
    "method" => "PATCH",
    "header" => [
        "Authorization: Bearer " . getenv("API_TOKEN"),
        "Content-Type: application/json",
        "Org-Handle: " . getenv("ORG_HANDLE"),
        "Product-ID: " . getenv("PRODUCT_ID"),
    ],
    "content" => json_encode([
        "name" => "Spare account",
    ]),
    "ignore_errors" => true,
    "timeout" => 35,
]]);
$stream = fopen(getenv("API_URL") . "/provider-configurations/" . getenv("PROVIDER_CONFIGURATION_ID"), "r", false, $context);
echo stream_get_contents($stream), "\n";
$status = (int) explode(" ", stream_get_meta_data($stream)["wrapper_data"][0])[1];
exit($status < 400 ? 0 : 1);
