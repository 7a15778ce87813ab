// SPDX-License-Identifier: Apache-2.0
// encryption.js - encrypted bodies by Node's crypto: one job of JSON on standard
// input, its result on standard output
"use strict";

const crypto = require("crypto");

const CLIENT = "X-Bunq-Client-Encryption-";
const SERVER = "x-bunq-server-encryption-";
const PKCS1 = crypto.constants.RSA_PKCS1_PADDING;

function mac(key, iv, body) {
  return crypto.createHmac("sha1", key).update(iv).update(body).digest();
}

function encrypt(job) {
  const key = crypto.randomBytes(32);
  const iv = crypto.randomBytes(16);
  const cipher = crypto.createCipheriv("aes-256-cbc", key, iv);
  const plain = Buffer.from(job.body, "base64");
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  const wrapped = crypto.publicEncrypt({ key: job.key, padding: PKCS1 }, key);
  return {
    body: body.toString("base64"),
    headers: {
      [CLIENT + "Key"]: wrapped.toString("base64"),
      [CLIENT + "Iv"]: iv.toString("base64"),
      [CLIENT + "Hmac"]: mac(key, iv, body).toString("base64"),
      "X-Bunq-Client-Signature": crypto
        .sign("sha256", body, job.privateKey)
        .toString("base64"),
    },
  };
}

// Node may refuse to decrypt PKCS#1 v1.5 (since 2024, with an OpenSSL that has
// no implicit rejection): the padding is then read here.
function unwrap(privateKey, wrapped) {
  const padding = crypto.constants.RSA_NO_PADDING;
  const block = crypto.privateDecrypt({ key: privateKey, padding }, wrapped);
  const end = block.indexOf(0, 2);
  if (block[0] !== 0 || block[1] !== 2 || end < 10) throw new Error("padding");
  return block.subarray(end + 1);
}

function decrypt(job) {
  const field = (name) => Buffer.from(job.headers[SERVER + name], "base64");
  const body = Buffer.from(job.body, "base64");
  const signature = Buffer.from(job.headers["x-bunq-server-signature"], "base64");
  if (!crypto.verify("sha256", body, job.serverKey, signature)) {
    throw new Error("signature");
  }
  const key = unwrap(job.privateKey, field("key"));
  if (!crypto.timingSafeEqual(mac(key, field("iv"), body), field("hmac"))) {
    throw new Error("hmac");
  }
  const cipher = crypto.createDecipheriv("aes-256-cbc", key, field("iv"));
  return Buffer.concat([cipher.update(body), cipher.final()]).toString("base64");
}

const job = JSON.parse(require("fs").readFileSync(0, "utf8"));
const done = job.do === "encrypt" ? encrypt(job) : decrypt(job);
process.stdout.write(JSON.stringify(done));
