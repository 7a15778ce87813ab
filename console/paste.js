// SPDX-License-Identifier: Apache-2.0
// paste.js - lines to paste into a terminal or a program
const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;

// [[for what, the lines]]
export function lines(me, secret) {
  const url = me.gateway ?? "https://localhost:8443";
  const ca = me.ca ?? "ca.pem";
  const login = `printf %s ${quote(secret)} | trivet login --url ${url}/v1 --ca ${quote(ca)} --api-key-file -`;
  const curl = `curl --cacert ${quote(ca)} ${url}/v1/installation \\
  -H 'Content-Type: application/json' -d @installation.json`;
  const python = `# bunq_sdk, with the certificate trusted (trivet sandbox hosts)
ApiContext.create(ApiEnvironmentType.SANDBOX, "${secret}", "my device").save("bunq.conf")`;
  return [["trivet", login], ["curl: the first of the three steps", curl], ["Python SDK", python]];
}

// A request of the journal, as it may be sent again.
export function asCurl(me, row) {
  const url = (me.gateway ?? "https://localhost:8443") + row.target;
  const parts = [`curl --cacert ${quote(me.ca ?? "ca.pem")} -X ${row.method} ${quote(url)}`];
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
