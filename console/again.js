// SPDX-License-Identifier: Apache-2.0
// again.js - tries a request of the journal again, as it should have been
// signed: all that its caller should have done, done by the page
import { me, mayChange } from "/app.js";
import { change } from "/api.js";
import { Client } from "/client.js";
import { h, part, tag } from "/dom.js";

const LABEL = "console: try again";
const KEY_LIFE_S = 300;
const MAX_SHOWN = 8192;

const WORDS = {
  right: ["its signature is right", "good"],
  wrong: ["its signature is wrong: do not trust it", "bad"],
  missing: ["it is not signed", ""],
  unknown: ["its signature is not known to be right", ""],
};

// Of the three steps: they are done as they are, with a key of the page's own.
const STEPS = ["POST /v1/installation", "POST /v1/device-server", "POST /v1/session-server"];
const isOpen = (row) => row.call?.startsWith("POST /v1/sandbox-user") ?? false;
const isOfProvider = (row) => row.call?.includes("payment-service-provider-credential") ?? false;
const needsKey = (row) => !isOpen(row) && row.call !== STEPS[0];

// "//elsewhere/" and "/v1/../" are not what they seem to be, to a browser.
function isKept(target) {
  const url = new URL(target, location.origin);
  return url.origin === location.origin && url.pathname + url.search === target;
}

// Why a request can not be tried again; null: it can.
function obstacle(row) {
  if (isOfProvider(row)) {
    return "This call is of a provider's certificate and of the caller's installation: "
      + "only who has their private keys can make it again.";
  }
  if (STEPS.includes(row.call)) {
    return null;
  }
  if (row.is_cut) {
    return "It can not be sent again as it was: its path or its body is not here whole. "
      + "It was too long, no text, or had a secret in it, which was cut out.";
  }
  if (!isKept(row.target)) {
    return "It can not be sent again by a page: a browser would change its path.";
  }
  if (/^(GET|HEAD)$/.test(row.method) && row.body) {
    return "It can not be sent again by a page: a GET with a body.";
  }
  if (/^(CONNECT|TRACE|TRACK)$/i.test(row.method)) {
    return `It can not be sent again by a page: ${row.method}.`;
  }
  return null;
}

// The fields of a request that are its caller's own, not of the way it took.
function ownFields(row) {
  const not = /^(x-bunq-client-(authentication|signature|encryption-.*)|accept-(charset|encoding)|access-control-.*|authorization|cache-control|connection|content-length|cookie2?|date|dnt|expect|forwarded|host|keep-alive|origin|proxy-.*|referer|sec-.*|te|trailer|transfer-encoding|upgrade|user-agent|via|x-forwarded-.*|x-real-ip)$/i;
  const fields = {};
  for (const line of (row.headers ?? "").split("\n")) {
    const [, name, value] = /^([^:]+): (.*)$/.exec(line) ?? [];
    if (name && !not.test(name) && !/^\*+$/.test(value)) {
      fields[name] = value;
    }
  }
  return fields;
}

// The device as it was to be, with the page's key.
function deviceOf(row, secret) {
  let wanted = {};
  if (row.call === STEPS[1]) {
    try {
      wanted = JSON.parse(row.body);
    } catch {
      // what it was to be is not known
    }
  }
  return { description: LABEL, ...wanted, secret };
}

async function makeKey(row) {
  const [key] = row.user_id === null
    ? await change("POST", "/api/sandbox/user", { kind: "person" })
    : await change("POST", "/api/key", {
      user: String(row.user_id), label: LABEL, is_sandbox: true, expires_in: KEY_LIFE_S,
    });
  return key;
}

// The steps, one after the other; each is told. The last one is what was asked.
async function run(row, key, told) {
  const client = await Client.make({ request: me.request_signing, answer: me.answer_signing });
  const again = (token) => client.call(row.method, row.target, row.body ?? "",
    { fields: ownFields(row), token });
  if (isOpen(row)) {
    return told(await again(null), true);
  }
  const steps = [() => client.install(), () => client.register(deviceOf(row, key.secret)),
    () => client.open(key.secret)];
  for (const [i, step] of steps.entries()) {
    const result = await step();
    const isLast = STEPS[i] === row.call;
    told(result, isLast);
    if (isLast) {
      return undefined;
    }
    if (result.status !== 200 || result.signature !== "right") {
      return told(null, false);
    }
  }
  return told(await again(client.sessionToken), true);
}

const verdict = (result) => {
  const [words, kind] = WORDS[result.signature];
  return tag(words, kind);
};

const side = (name, words, text) => part(name, (text ?? "").slice(0, MAX_SHOWN), words);

// What is shown of the steps, as they come.
function teller(row, place) {
  const list = h("ol", {});
  place.replaceChildren(list);
  let last = null;
  return (result, isLast) => {
    if (result === null) {
      place.append(side("The steps end here", "A client goes no further: this answer is no "
        + "success, or not signed rightly.", last.text));
      return;
    }
    last = result;
    list.append(h("li", {}, `${result.method} ${result.target}: ${result.status}, `,
      verdict(result)));
    if (isLast) {
      place.append(h("div", { class: "sides" },
        side("What failed", `${row.status}, ${row.reason ?? "admitted"}`, row.answer),
        side("Tried again", [`${result.status}, `, verdict(result)], result.text)));
    }
  };
}

async function tryAgain(row, place) {
  let key = null;
  try {
    key = needsKey(row) ? await makeKey(row) : null;
    await run(row, key, teller(row, place));
  } finally {
    if (key) {
      await change("DELETE", `/api/key/${key.id}`);
    }
  }
}

function note(row) {
  if (isOpen(row)) {
    return "The call needs neither a token nor a signature: the page sends it as it was.";
  }
  if (row.call === STEPS[0]) {
    return "The page makes an installation with a key of its own.";
  }
  const whose = row.user_id === null
    ? "Whose request it was is not known: the page makes a new sandbox person; an id of "
      + "another user in the path is not that person's. "
    : `The page makes an API key for user ${row.user_id}. `;
  const rest = STEPS.includes(row.call) ? "It takes the three steps up to this call, "
    : "It takes the three steps, sends the same request, signed rightly, ";
  return `${whose}${rest}and verifies each answer. The key is revoked afterwards.`;
}

// The part of a refused request's details; null where it can not be.
export function again(row) {
  if (!me.is_sandbox || !me.has_calls || !mayChange() || row.is_admitted) {
    return null;
  }
  const why = obstacle(row);
  const place = h("div", { "aria-live": "polite" });
  const press = async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    place.replaceChildren(h("p", {}, "A key is made ..."));
    try {
      await tryAgain(row, place);
    } catch (error) {
      place.append(h("p", {}, `It could not be tried again: ${error.message}`));
    }
    button.disabled = false;
  };
  return h("section", { "aria-label": "Try it again" }, h("h2", {}, "Try it again"),
    h("p", { class: "soft" }, why ?? note(row)),
    why === null && h("button", { type: "button", class: "main", onclick: press },
      "Try it again as it should have been signed"), place);
}
