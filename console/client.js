// SPDX-License-Identifier: Apache-2.0
// client.js - the page as a client of the gateway: it makes a key, takes the
// three steps, signs what it sends and verifies what it gets, with the browser's
// own cryptography. The gateway's calls are at the page's own origin.
const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const SIGNATURE = "X-Bunq-Client-Signature";
const TOKEN = "X-Bunq-Client-Authentication";
const SERVER_SIGNATURE = "x-bunq-server-signature";

const utf8 = new TextEncoder();

const toBase64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

const toPem = (der) => `-----BEGIN PUBLIC KEY-----\n${
  toBase64(der).replace(/.{1,64}/g, "$&\n")}-----END PUBLIC KEY-----\n`;
const fromPem = (pem) => fromBase64(pem.replace(/-----[A-Z ]+-----|\s/g, ""));

// What stands before the body when a signature covers all, as before April 2020.
function head(first, fields) {
  const lines = fields.map(([name, value]) => `${name.toLowerCase().replace(
    /(^|-)[a-z]/g, (letter) => letter.toUpperCase())}: ${value}\n`);
  return utf8.encode(`${first}\n${lines.sort().join("")}\n`);
}

function joined(one, other) {
  const all = new Uint8Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}

const isSigned = ([name]) => /^(cache-control|user-agent|x-bunq-.*)$/i.test(name);
const isOfAnswer = ([name]) => /^x-bunq-/i.test(name) && name !== SERVER_SIGNATURE;

export class Client {
  // scheme: {request, answer}, each "body" or "full".
  static async make(scheme) {
    const pair = await crypto.subtle.generateKey({
      ...RSA, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]),
    }, false, ["sign", "verify"]);
    return Object.assign(new Client(), { scheme, pair });
  }

  // What of fields a page may not send is left out by the browser.
  async send(method, target, body, fields, token) {
    const headers = { "Cache-Control": "no-cache", ...fields };
    const bytes = utf8.encode(body);
    if (token) {
      headers[TOKEN] = token;
      const sent = Object.entries({ ...headers, "User-Agent": navigator.userAgent });
      const front = this.scheme.request === "full"
        ? head(`${method} ${target}`, sent.filter(isSigned)) : new Uint8Array();
      headers[SIGNATURE] = toBase64(await crypto.subtle.sign(
        RSA, this.pair.privateKey, joined(front, bytes)));
    }
    try {
      return await fetch(target, {
        method, headers, credentials: "omit", redirect: "error", cache: "no-store",
        body: bytes.length > 0 ? bytes : undefined,
      });
    } catch {
      throw new Error(`${method} ${target}: no answer, or one that no page may see`);
    }
  }

  // "right", "wrong", or "missing"; "unknown" while there is no key of the server.
  async judge(answer, bytes) {
    const signature = answer.headers.get(SERVER_SIGNATURE);
    if (signature === null) {
      return "missing";
    }
    if (!this.serverKey) {
      return "unknown";
    }
    const front = this.scheme.answer === "full"
      ? head(answer.status, [...answer.headers].filter(isOfAnswer)) : new Uint8Array();
    try {
      return await crypto.subtle.verify(RSA, this.serverKey, fromBase64(signature),
        joined(front, bytes)) ? "right" : "wrong";
    } catch {
      return "wrong"; // no base64
    }
  }

  // One call: {method, target, status, text, signature}; rows: of an answer that
  // is one.
  async call(method, target, body = "", { fields = {}, token, learn } = {}) {
    const answer = await this.send(method, target, body, fields, token);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const text = new TextDecoder().decode(bytes);
    let rows = null;
    if (answer.status === 200) {
      try {
        rows = Object.assign({}, ...JSON.parse(text).Response);
      } catch {
        // of an API behind, in a form of its own
      }
    }
    await learn?.(rows);
    return {
      method, target, status: answer.status, text, rows,
      signature: await this.judge(answer, bytes),
    };
  }

  post(name, body, token, learn) {
    return this.call("POST", `/v1/${name}`, JSON.stringify(body), {
      fields: { "Content-Type": "application/json" }, token, learn,
    });
  }

  // The answer's signature is judged by the key that is in it.
  async install() {
    const der = await crypto.subtle.exportKey("spki", this.pair.publicKey);
    return this.post("installation", { client_public_key: toPem(der) }, null, async (rows) => {
      if (rows?.Token && rows.ServerPublicKey) {
        this.installationToken = rows.Token.token;
        this.serverKey = await crypto.subtle.importKey("spki",
          fromPem(rows.ServerPublicKey.server_public_key), RSA, false, ["verify"]);
      }
    });
  }

  register(device) {
    return this.post("device-server", device, this.installationToken);
  }

  open(secret) {
    return this.post("session-server", { secret }, this.installationToken, async (rows) => {
      this.sessionToken = rows?.Token?.token;
    });
  }
}
