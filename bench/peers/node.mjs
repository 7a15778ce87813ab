// SPDX-License-Identifier: Apache-2.0
// node.mjs PORT API-PORT TLS-CERT TLS-KEY SETTINGS - the gateway's job in Node.js
//
// What a competent user would write in an afternoon with https and crypto: key
// objects are parsed once and kept, connections to the API are kept alive. What it
// lacks: sessions are lost at a restart, nothing is audited, no expiry, no rate
// limits, one API key. Signing is synchronous: with one core, handing it to
// Node's thread pool only costs more.
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';

const [port, apiPort, tlsCert, tlsKey, settingsFile] = process.argv.slice(2);
const settings = JSON.parse(fs.readFileSync(settingsFile, 'utf8'));
const serverKey = crypto.createPrivateKey(settings.server_pem);
const serverPublicPem = crypto.createPublicKey(serverKey)
  .export({ type: 'spki', format: 'pem' });
const agent = new http.Agent({ keepAlive: true, maxSockets: 128 });

// By the SHA-256 of the token: { key, address, kind }.
const tokens = new Map();
let nextId = 1;

const digest = (text) => crypto.createHash('sha256').update(text).digest('base64');

function makeToken(client) {
  const token = crypto.randomBytes(32).toString('hex');
  tokens.set(digest(token), client);
  return { Token: { id: nextId++, token } };
}

function answer(res, status, headers, body) {
  const signature = crypto.sign('RSA-SHA256', body, serverKey).toString('base64');
  res.writeHead(status, {
    'Content-Type': headers['content-type'] ?? 'application/json',
    'Content-Length': body.length,
    'X-Bunq-Client-Response-Id': crypto.randomUUID(),
    'X-Bunq-Server-Signature': signature,
  });
  res.end(body);
}

const answerJson = (res, elements) =>
  answer(res, 200, {}, Buffer.from(JSON.stringify({ Response: elements })));

function refuse(res, status, text) {
  const error = { error_description: text, error_description_translated: text };
  answer(res, status, {}, Buffer.from(JSON.stringify({ Error: [error] })));
}

function findClient(req, body) {
  const token = req.headers['x-bunq-client-authentication'];
  const signature = req.headers['x-bunq-client-signature'];
  const client = token && tokens.get(digest(token));
  if (!client || client.address !== req.socket.remoteAddress || !signature) return null;
  const bytes = Buffer.from(signature, 'base64');
  return crypto.verify('RSA-SHA256', body, client.key, bytes) ? client : null;
}

const steps = {
  '/v1/installation': (req, res, body) => {
    const key = crypto.createPublicKey(JSON.parse(body).client_public_key);
    const client = { key, address: req.socket.remoteAddress, kind: 'installation' };
    answerJson(res, [{ Id: { id: nextId++ } }, makeToken(client),
      { ServerPublicKey: { server_public_key: serverPublicPem } }]);
  },
  '/v1/device-server': (req, res, body, client) => {
    if (JSON.parse(body).secret !== settings.api_key) return refuse(res, 400, 'no such key');
    client.hasDevice = true;
    answerJson(res, [{ Id: { id: nextId++ } }]);
  },
  '/v1/session-server': (req, res, body, client) => {
    const known = client.hasDevice && JSON.parse(body).secret === settings.api_key;
    if (!known) return refuse(res, 400, 'no such key');
    answerJson(res, [{ Id: { id: nextId++ } }, makeToken({ ...client, kind: 'session' }),
      { UserPerson: { id: 1, display_name: 'bench' } }]);
  },
};

function proxy(req, res, body) {
  const headers = { ...req.headers };
  for (const name of ['connection', 'x-bunq-client-authentication',
    'x-bunq-client-signature', 'accept-encoding']) delete headers[name];
  const onward = http.request({
    host: '127.0.0.1', port: apiPort, agent, method: req.method, path: req.url, headers,
  }, (reply) => {
    const chunks = [];
    reply.on('data', (chunk) => chunks.push(chunk));
    reply.on('end', () =>
      answer(res, reply.statusCode, reply.headers, Buffer.concat(chunks)));
  });
  onward.on('error', () => refuse(res, 502, 'no answer'));
  onward.end(body);
}

function handle(req, res, body) {
  const step = req.method === 'POST' && steps[req.url];
  if (step && req.url === '/v1/installation') return step(req, res, body);
  const client = findClient(req, body);
  if (!client || client.kind !== (step ? 'installation' : 'session')) {
    return refuse(res, 401, 'Insufficient authentication.');
  }
  return step ? step(req, res, body, client) : proxy(req, res, body);
}

https.createServer({
  cert: fs.readFileSync(tlsCert),
  key: fs.readFileSync(tlsKey),
  keepAliveTimeout: 60000,
}, (req, res) => {
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    try {
      handle(req, res, Buffer.concat(chunks));
    } catch {
      refuse(res, 400, 'malformed');
    }
  });
}).listen(Number(port), '127.0.0.1');
