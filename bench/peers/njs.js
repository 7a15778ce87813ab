// SPDX-License-Identifier: Apache-2.0
// njs.js - the gateway's job in nginx's own JavaScript
//
// As Debian 12 has it (njs 0.7.9): each request gets a fresh copy of the program,
// so nothing lives from one request to the next but read-only settings, and keys are
// imported for each request. There is no shared dictionary yet: what is
// remembered lies in a file for each token. What it lacks: files are not
// synced, nothing is audited, no expiry, no rate limits, one API key.
import fs from 'fs';
import hashes from 'crypto';

const RSA = { name: 'RSASSA-PKCS1-v1_5' };
const RSA_SHA256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };

const digest = (text) => hashes.createHash('sha256').update(text).digest('hex');

function randomHex(length) {
  const random = new Uint32Array(length / 8);
  crypto.getRandomValues(random);
  return Buffer.from(random.buffer).toString('hex');
}

function uuid() {
  const hex = randomHex(32);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-`
    + `a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

function remember(client) {
  const token = randomHex(64);
  fs.writeFileSync(`${settings.folder}/${digest(token)}`, JSON.stringify(client));
  return { Token: { id: 1, token: token } };
}

async function answer(r, status, type, body) {
  const der = Buffer.from(settings.server_pkcs8, 'base64');
  const key = await crypto.subtle.importKey('pkcs8', der, RSA_SHA256, false, ['sign']);
  const signature = await crypto.subtle.sign(RSA, key, body);
  r.headersOut['Content-Type'] = type;
  r.headersOut['X-Bunq-Client-Response-Id'] = uuid();
  r.headersOut['X-Bunq-Server-Signature'] = Buffer.from(signature).toString('base64');
  r.return(status, body);
}

function answerJson(r, elements) {
  return answer(r, 200, 'application/json',
    Buffer.from(JSON.stringify({ Response: elements })));
}

function refuse(r, status, text) {
  const error = { error_description: text, error_description_translated: text };
  return answer(r, status, 'application/json',
    Buffer.from(JSON.stringify({ Error: [error] })));
}

async function findClient(r, body) {
  const token = r.headersIn['X-Bunq-Client-Authentication'];
  const signature = r.headersIn['X-Bunq-Client-Signature'];
  if (!token || !signature) {
    return null;
  }
  let client;
  try {
    client = JSON.parse(fs.readFileSync(`${settings.folder}/${digest(token)}`));
  } catch (e) {
    return null;
  }
  if (client.address !== r.remoteAddress) {
    return null;
  }
  const key = await crypto.subtle.importKey('spki', Buffer.from(client.key, 'base64'),
    RSA_SHA256, false, ['verify']);
  const fits = await crypto.subtle.verify(RSA, key, Buffer.from(signature, 'base64'), body);
  return fits ? client : null;
}

function install(r, message) {
  const key = message.client_public_key.replace(/-----[A-Z ]+-----|\s/g, '');
  const client = { key: key, address: r.remoteAddress, kind: 'installation' };
  return answerJson(r, [{ Id: { id: 1 } }, remember(client),
    { ServerPublicKey: { server_public_key: settings.server_public_pem } }]);
}

// A device is not remembered: with one API key there is nothing to look up.
function register(r, message) {
  if (message.secret !== settings.api_key) {
    return refuse(r, 400, 'no such key');
  }
  return answerJson(r, [{ Id: { id: 1 } }]);
}

function open(r, message, client) {
  if (message.secret !== settings.api_key) {
    return refuse(r, 400, 'no such key');
  }
  return answerJson(r, [{ Id: { id: 1 } },
    remember(Object.assign({}, client, { kind: 'session' })),
    { UserPerson: { id: 1, display_name: 'bench' } }]);
}

async function proxy(r, body) {
  const reply = await r.subrequest(`/behind${r.uri}`, {
    method: r.method, args: r.variables.args || '', body: r.requestText || '',
  });
  await answer(r, reply.status, reply.headersOut['Content-Type'] || 'application/json',
    reply.responseBuffer || Buffer.alloc(0));
}

async function handle(r) {
  const body = r.requestBuffer || Buffer.alloc(0);
  if (r.uri === '/v1/installation') {
    return await install(r, JSON.parse(body));
  }
  const steps = { '/v1/device-server': register, '/v1/session-server': open };
  const step = r.method === 'POST' ? steps[r.uri] : undefined;
  const client = await findClient(r, body);
  if (!client || client.kind !== (step ? 'installation' : 'session')) {
    return await refuse(r, 401, 'Insufficient authentication.');
  }
  return step ? await step(r, JSON.parse(body), client) : await proxy(r, body);
}

export default { handle };
