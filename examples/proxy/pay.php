#!/usr/bin/env php
<?php
// SPDX-License-Identifier: Apache-2.0
// pay.php ACCOUNT INVOICE... - a payment for each invoice, through trivet proxy
//
//   trivet proxy &
//   examples/proxy/pay.php user/1/monetary-account/2 invoice-4711 invoice-4712
//
// BUNQ_PROXY names another proxy than http://127.0.0.1:8480/v1.

$proxy = getenv("BUNQ_PROXY") ?: "http://127.0.0.1:8480/v1";
$bunq = curl_init();

// The status (0: the proxy does not answer) and the fields of the answer.
function attempt($bunq, string $url, string $invoice): array
{
    $fields = [];
    curl_setopt_array($bunq, [
        CURLOPT_URL => $url,
        CURLOPT_PROXY => "",
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_HTTPHEADER => [
            "Trivet-Idempotency-Key: $invoice",
            "Content-Type: application/json",
        ],
        CURLOPT_POSTFIELDS => json_encode([
            "amount" => ["value" => "1.00", "currency" => "EUR"],
            "description" => $invoice,
        ]),
        CURLOPT_HEADERFUNCTION => function ($bunq, $line) use (&$fields) {
            [$name, $value] = explode(":", $line, 2) + [1 => ""];
            $fields[strtolower($name)] = trim($value);
            return strlen($line);
        },
    ]);
    curl_exec($bunq);
    return [curl_getinfo($bunq, CURLINFO_RESPONSE_CODE), $fields];
}

foreach (array_slice($argv, 2) as $invoice) {
    for ($n = 0; $n < 5; $n++) {
        [$status, $fields] = attempt($bunq, "$proxy/$argv[1]/payment", $invoice);
        // Certainly not made, or answered already: the same again is safe.
        if (!in_array($status, [0, 409, 429, 503, 504])) {
            break;
        }
        sleep((int) ($fields["retry-after"] ?? 1));
    }
    echo trim(sprintf("%s %03d %s", $invoice, $status, $fields["trivet-reason"] ?? "")), "\n";
}
