// SPDX-License-Identifier: Apache-2.0
// paste.js - lines to paste into a terminal or a program
const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

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

// [[for what, the lines]]
export function lines(me, secret) {
  const login = `printf %s ${quote(secret)} | trivet login --url ${gatewayOf(me)}/v1 --ca ${
    caOf(me)} --api-key-file -`;
  const curl = `curl --cacert ${caOf(me)} ${gatewayOf(me)}/v1/installation \\
  -H 'Content-Type: application/json' -d @installation.json`;
  return [["trivet", login], ["curl: the first of the three steps", curl], ...ofSdks(secret)];
}

const FOLDER = "provider";
const toFile = (name, text) => `cat > ${FOLDER}/${name} <<'END'\n${text.trim()}\nEND\n`;

// The same for a provider: first its files, which all others read.
export function providerLines(me, made) {
  const files = `umask 077 && mkdir ${FOLDER}\n${toFile("certificate.pem", made.certificate)}${
    toFile("chain.pem", made.chain)}${toFile("key.pem", made.private_key)}`;
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
  const parts = [`curl --cacert ${caOf(me)} -X ${row.method} ${quote(gatewayOf(me) + row.target)}`];
  for (const line of (row.headers ?? "").split("\n")) {
    if (line && !/^(host|content-length|connection|accept-encoding):/i.test(line)) {
      parts.push(`-H ${quote(line)}`);
    }
  }
  if (row.body) {
    parts.push(`--data-binary ${quote(row.body)}`);
  }
  return parts.join(" \\\n  ");
}

// The same by trivet, which signs it as it should have been signed.
export function asTrivet(row) {
  const body = row.body ? ` -d ${quote(row.body)}` : "";
  return `trivet call ${row.method} ${quote(row.target.replace(/^\/v1\//, ""))}${body}`;
}
