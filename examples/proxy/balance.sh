#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# balance.sh FILE - the account's balance, into FILE; a job for cron
#
# A socket that nobody else can use, a proxy that can read and nothing more:
#
#   trivet proxy --listen unix:$HOME/.bunq --read-only &
#   */10 * * * * $HOME/bin/balance.sh $HOME/balance
#
# BUNQ_SOCKET names another socket than ~/.bunq. FILE is written whole, or stays
# as it was; what goes wrong is on standard error, which cron sends by mail.
set -eu

socket=${BUNQ_SOCKET:-$HOME/.bunq}

# get PATH: waits 30 s for its turn, behind everybody who sits and waits.
get() {
    curl -sS --fail-with-body --noproxy '*' --unix-socket "$socket" \
        -H 'Trivet-Priority: batch' -H 'Trivet-Max-Wait: 30' \
        "http://localhost/v1/$1"
}

# inner NAME...: a member of what is in the answer's first element.
inner() {
    python3 -c 'import json, sys
value = next(iter(json.load(sys.stdin)["Response"][0].values()))
for name in sys.argv[1:]:
    value = value[name]
print(value)' "$@"
}

user=$(get user | inner id)
get "user/$user/monetary-account" | inner balance value >"$1.new"
mv "$1.new" "$1"
