#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pay.sh ACCOUNT INVOICE... - a payment for each invoice, through trivet proxy
#
#   trivet proxy &
#   examples/proxy/pay.sh user/1/monetary-account/2 invoice-4711 invoice-4712
#
# BUNQ_PROXY names another proxy than http://127.0.0.1:8480/v1.
set -eu

proxy=${BUNQ_PROXY:-http://127.0.0.1:8480/v1}
account=$1
shift

# try INVOICE: prints the status; the answer's header is in the file "header".
try() {
    curl -sS -o /dev/null -D "$header" -w '%{http_code}' \
        -H "Trivet-Idempotency-Key: $1" -H 'Content-Type: application/json' \
        -d "{\"amount\": {\"value\": \"1.00\", \"currency\": \"EUR\"},
             \"description\": \"$1\"}" "$proxy/$account/payment" || true
}

field() {
    tr -d '\r' <"$header" | sed -n "s/^$1: //Ip"
}

header=$(mktemp)
trap 'rm -f "$header"' EXIT

for invoice in "$@"; do
    for _ in 1 2 3 4 5; do
        status=$(try "$invoice")
        case $status in
        # Certainly not made, or answered already: the same again is safe.
        000 | 409 | 429 | 503 | 504)
            wait=$(field Retry-After)
            sleep "${wait:-1}"
            ;;
        *) break ;;
        esac
    done
    echo "$invoice $status $(field Trivet-Reason)" | sed 's/ $//'
done
