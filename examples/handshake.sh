#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# handshake.sh [URL [CA-FILE]] - bunq's API authentication with curl and openssl
#
# Takes a key through the three steps (installation, device, session), makes
# two signed calls, verifies every answer's signature, and logs out. Against a
# gateway that "./run" has started:
#
#   examples/handshake.sh https://localhost:8443/v1 ~/.local/share/trivet/ca.pem
set -eu

url=${1:-https://localhost:8443/v1}
ca=${2:-${XDG_DATA_HOME:-$HOME/.local/share}/trivet/ca.pem}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# call METHOD PATH TOKEN BODY-FILE: signs the body and sends it; the answer's
# header goes to the file "header", its body to the file "answer". A rate limit is
# waited for: one session per half a minute, for example.
call() {
    signature=$(openssl dgst -sha256 -sign client.pem "$4" | base64 -w 0)
    set -- -X "$1" --data-binary "@$4" "$url/$2" \
        -H "X-Bunq-Client-Authentication: $3" \
        -H "X-Bunq-Client-Signature: $signature"
    curl -sS --cacert "$ca" -D header -o answer "$@"
    if head -n 1 header | grep -q ' 429'; then
        seconds=$(sed -n 's/.* calls per \([0-9]*\) second .*/\1/p' answer)
        echo "   (too many requests: waiting $seconds s)"
        sleep "$((seconds + 1))"
        curl -sS --cacert "$ca" -D header -o answer "$@"
    fi
    verify
}

# verify: the answer's signature over exactly the bytes of its body
verify() {
    tr -d '\r' <header | sed -n 's/^[Xx]-[Bb]unq-[Ss]erver-[Ss]ignature: //p' |
        base64 -d >signature
    openssl dgst -sha256 -verify server.pem -signature signature answer \
        >/dev/null || {
        echo "the answer's signature is WRONG, or there is none:" >&2
        cat header answer >&2
        exit 1
    }
}

# field NAME: the value of a string in the answer
field() {
    sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" answer
}

echo "0. a key pair of our own"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out client.pem 2>/dev/null
openssl pkey -in client.pem -pubout -out public.pem

echo "1. installation: our public key for a token and the server's public key"
printf '{"client_public_key":"%s"}' "$(sed 's/$/\\n/' public.pem | tr -d '\n')" >body
curl -sS --cacert "$ca" -D header -o answer --data-binary @body "$url/installation"
field server_public_key | sed 's/\\n/\n/g; s/\\\//\//g' >server.pem
installation_token=$(field token)
verify

echo "   a sandbox user, for an API key"
curl -sS --cacert "$ca" -o answer -X POST "$url/sandbox-user-person"
api_key=$(field api_key)

echo "2. device: the API key is bound to this address"
printf '{"description":"handshake.sh","secret":"%s"}' "$api_key" >body
call POST device-server "$installation_token" body

echo "3. session: a token for all further calls"
printf '{"secret":"%s"}' "$api_key" >body
call POST session-server "$installation_token" body
session_token=$(field token)

echo "   a signed GET and a signed POST to the API behind"
: >empty
call GET hello "$session_token" empty
cat answer && echo
printf '{"amount":{"value":"10.00","currency":"EUR"}}' >body
call POST echo "$session_token" body
cat answer && echo

echo "   log out, and be refused"
call DELETE session/0 "$session_token" empty
call GET hello "$session_token" empty
cat answer && echo
grep -q 'Insufficient authentication' answer

echo "done: every answer's signature was right"
