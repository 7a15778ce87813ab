// SPDX-License-Identifier: Apache-2.0
// paste.js - lines to paste into a terminal or a program

// What a terminal may take for a key that is pressed, or shows as something else,
// is written as bash and zsh read it; the rest is as it is.
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u;
const inBytes = (letter) => [...new TextEncoder().encode(letter)].map((byte) =>
  `\\x${byte.toString(16).padStart(2, "0")}`).join("");

function quote(text) {
  if (!UNSAFE.test(text)) {
    return `'${text.replaceAll("'", "'\\''")}'`;
  }
  return `$'${[...text].map((letter) => (UNSAFE.test(letter) || /['!\\\n]/.test(letter)
    ? inBytes(letter) : letter)).join("")}'`;
}

const gatewayOf = (me) => me.gateway ?? "https://localhost:8443";
const caOf = (me) => quote(me.ca ?? "ca.pem");

const SDKS = "the CA and the host name: docs/sdks.md, trivet sandbox hosts";

// An API key in each SDK: [[for what, the lines]]
function ofSdks(secret) {
  return [
    ["Python SDK", `# ${SDKS}
ApiContext.create(ApiEnvironmentType.SANDBOX, "${secret}", "my device").save("bunq.conf")`],
    ["PHP SDK", `// ${SDKS}
ApiContext::create(BunqEnumApiEnvironmentType::SANDBOX(), '${secret}', 'my device')->save('bunq.conf');`],
    ["Java SDK", `// ${SDKS}
ApiContext.create(ApiEnvironmentType.SANDBOX, "${secret}", "my device").save("bunq.conf");`],
    ["C# SDK", `// ${SDKS}
ApiContext.Create(ApiEnvironmentType.SANDBOX, "${secret}", "my device").Save("bunq.conf");`],
    ["JavaScript client", `// ${SDKS}
await client.run("${secret}", [], "SANDBOX", encryptionKey);
await client.install();
await client.registerDevice("my device");
await client.registerSession();`]];
}

// The three steps; private.pem and the session's TOKEN are there for what comes next.
function ofCurl(me, secret) {
  return `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out private.pem
openssl pkey -in private.pem -pubout -out public.pem
post() { # PATH BODY
  printf %s "$2" | openssl dgst -sha256 -sign private.pem | base64 -w0 > signature
  curl -sS --cacert ${caOf(me)} "${gatewayOf(me)}/v1/$1" -H 'Content-Type: application/json' \\
    \${TOKEN:+-H "X-Bunq-Client-Authentication: $TOKEN"} \\
    \${TOKEN:+-H "X-Bunq-Client-Signature: $(cat signature)"} --data-raw "$2"
}
token() { jq -r '.Response[].Token.token // empty'; }
TOKEN=
TOKEN=$(post installation "$(jq -n --rawfile key public.pem '{client_public_key: $key}')" | token)
post device-server '{"description": "curl", "secret": "${secret}"}'
TOKEN=$(post session-server '{"secret": "${secret}"}' | token)
curl --cacert ${caOf(me)} ${gatewayOf(me)}/v1/user -H "X-Bunq-Client-Authentication: $TOKEN" \\
  -H "X-Bunq-Client-Signature: $(openssl dgst -sha256 -sign private.pem < /dev/null | base64 -w0)"`;
}

// [[for what, the lines]]
export function lines(me, secret) {
  const login = `printf %s ${quote(secret)} | trivet login --url ${gatewayOf(me)}/v1 --ca ${
    caOf(me)} --api-key-file -`;
  return [["trivet", login], ["curl: the three steps, in bash", ofCurl(me, secret)],
    ...ofSdks(secret)];
}

const FOLDER = "provider";
const toFile = (name, text) => `cat > ${FOLDER}/${name} <<'END'\n${text.trim()}\nEND\n`;

// The same for a provider: first its files, which all others read.
export function providerLines(me, made) {
  const files = `( # into a new folder, for you alone
set -e; umask 077; mkdir ${FOLDER}\n${toFile("certificate.pem", made.certificate)}${
    toFile("chain.pem", made.chain)}${toFile("key.pem", made.private_key)})`;
  const login = `trivet login --url ${gatewayOf(me)}/v1 --ca ${caOf(me)} --psp ${FOLDER}`;
  const curl = `# TOKEN and public.pem: of your POST /v1/installation. Its answer is an API key
printf '%s\\n%s' "$(cat public.pem)" "$TOKEN" \\
  | openssl dgst -sha256 -sign ${FOLDER}/key.pem | base64 -w0 > signature
jq -n --rawfile own ${FOLDER}/certificate.pem --rawfile chain ${FOLDER}/chain.pem \\
  --rawfile signature signature '{client_payment_service_provider_certificate: $own,
    client_payment_service_provider_certificate_chain: $chain,
    client_public_key_signature: $signature}' > body.json
curl --cacert ${caOf(me)} ${gatewayOf(me)}/v1/payment-service-provider-credential \\
  -H "X-Bunq-Client-Authentication: $TOKEN" --data-binary @body.json \\
  -H "X-Bunq-Client-Signature: $(openssl dgst -sha256 -sign private.pem body.json | base64 -w0)"`;
  const file = (name) => `${FOLDER}/${name}.pem`;
  return [["Save the files (in a shell)", files], ["trivet", login],
    ["curl: the certificate for an API key", curl],
    ["Python SDK", `# ${SDKS}
read = lambda path: open(path).read()
ApiContext.create_for_psd2(ApiEnvironmentType.SANDBOX, read("${file("certificate")}"),
    read("${file("key")}"), [read("${file("chain")}")], "my device").save("bunq.conf")`],
    ["PHP SDK", `// ${SDKS}
ApiContext::createForPsd2(BunqEnumApiEnvironmentType::SANDBOX(),
    SecurityUtil::getCertificateFromFile('${file("certificate")}'),
    SecurityUtil::getPrivateKeyFromFile('${file("key")}'),
    [SecurityUtil::getCertificateFromFile('${file("chain")}')], 'my device')->save('bunq.conf');`],
    ["Java SDK", `// ${SDKS}
ApiContext.createForPsd2(ApiEnvironmentType.SANDBOX,
    SecurityUtils.getCertificateFromFile("${file("certificate")}"),
    SecurityUtils.getPrivateKeyFromFile("${file("key")}"),
    new Certificate[]{SecurityUtils.getCertificateFromFile("${file("chain")}")},
    "my device", new ArrayList<String>()).save("bunq.conf");`],
    ["C# SDK", `// ${SDKS}
// openssl pkcs12 -export -inkey ${file("key")} -in ${file("certificate")} -out provider.pfx
ApiContext.CreateForPsd2(ApiEnvironmentType.SANDBOX,
    SecurityUtils.GetCertificateFromFile("provider.pfx", password),
    SecurityUtils.GetCertificateCollectionFromAllPath(new[] { "${file("chain")}" }),
    "my device", new List<string>()).Save("bunq.conf");`]];
}

// A request of the journal, as it may be sent again.
export function asCurl(me, row) {
  const parts = [`curl --cacert ${caOf(me)} -X ${row.method} -g --path-as-is ${
    quote(gatewayOf(me) + row.target)}`];
  for (const line of (row.headers ?? "").split("\n")) {
    const [, cut] = /^(X-Bunq-Client-Authentication: )\*+$/i.exec(line) ?? [];
    if (cut) {
      parts.push(`-H "${cut}$TOKEN"`); // who pastes it has one
    } else if (line && !/^(host|content-length|connection|accept-encoding):/i.test(line)) {
      parts.push(`-H ${quote(line)}`);
    }
  }
  if (row.body) {
    parts.push(`--data-raw ${quote(row.body)}`); // of others, "@" is the name of a file
  }
  return parts.join(" \\\n  ");
}

// The same by trivet, which signs it as it should have been signed. A body of
// "-" or "@..." would be the name of a file, a path of "-..." an option.
export function asTrivet(row) {
  const call = `${row.method} ${quote(row.target.replace(/^\/v1\//, ""))}`;
  if (!row.body) {
    return `trivet call -- ${call}`;
  }
  return /^(@|-$)/.test(row.body) ? `printf %s ${quote(row.body)} | trivet call -d - -- ${call}`
    : `trivet call -d ${quote(row.body)} -- ${call}`;
}
