// SPDX-License-Identifier: Apache-2.0
// Runs an unmodified @bunq-community/bunq-js-client against the gateway whose
// root (without /v1) is argv[2], or that has the host name it knows; prints one
// line of JSON.
const { URL_ENVIROMENTS } = require("@bunq-community/bunq-js-client/dist/Session");
const BunqJSClient = require("@bunq-community/bunq-js-client").default;

if (process.argv[2]) URL_ENVIROMENTS.SANDBOX = process.argv[2];

const kept = {};
const storage = {
  get: (key) => kept[key],
  set: (key, value) => { kept[key] = value; },
  remove: (key) => { delete kept[key]; },
};
const quiet = () => {};
const logger = { log: quiet, trace: quiet, debug: quiet, warn: quiet, info: quiet, error: quiet };

async function main() {
  const client = new BunqJSClient(storage, logger);
  client.setKeepAlive(false);

  await client.run("unset", [], "SANDBOX", "a".repeat(32));
  await client.install();
  const key = await client.api.sandboxUser.post();

  const own = new BunqJSClient({ ...storage }, logger);
  own.setKeepAlive(false);
  for (const name of Object.keys(kept)) delete kept[name];
  await own.run(key, [], "SANDBOX", "a".repeat(32));
  await own.install();
  await own.registerDevice("js");
  await own.registerSession();

  const users = await own.getUsers(true);
  const type = Object.keys(users)[0];
  const id = users[type].id;
  const accounts = await own.api.monetaryAccount.list(id);
  const banks = await own.api.monetaryAccountBank.list(id);
  const credentials = await own.api.credentialPasswordIp.list(id).catch((e) => e.message);
  await own.destroySession();
  process.stdout.write(JSON.stringify({ key, type, id, accounts, banks, credentials }) + "\n");
  process.exit(0);
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n${JSON.stringify(error.response && error.response.data)}\n`);
  process.exit(1);
});
