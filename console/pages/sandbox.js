// SPDX-License-Identifier: Apache-2.0
// sandbox.js - its clock, its incidents, and users on one click
import { me, mayChange, render } from "/app.js";
import { change, first, rows } from "/api.js";
import { asSwitch, confirmed, copyable, doing, h, moment, shown, span } from "/dom.js";
import { lines, providerLines } from "/paste.js";

const STEPS = [["+1 h", 3600], ["+1 d", 86400], ["+7 d", 604800]];
const KINDS = [["person", "New person"], ["company", "New company"], ["api-key", "New OAuth access"]];

const advance = (seconds) => doing("the clock is ahead now", async () => {
  await change("POST", "/api/sandbox/clock", { seconds });
  await render();
});

const resetClock = doing("the true time again", async () => {
  await change("DELETE", "/api/sandbox/clock");
  await render();
});

function clock(now) {
  return h("section", { class: "card", "aria-label": "Clock" }, h("h2", {}, "Clock"),
    h("p", { class: "figure" }, moment(now.now)),
    h("p", { class: "soft" }, now.offset_seconds === 0 ? "the true time"
      : `${span(now.offset_seconds)} ahead`),
    mayChange() && h("div", { class: "bar" }, STEPS.map(([label, seconds]) =>
      h("button", { type: "button", "aria-label": `Advance the clock: ${label}`, onclick: advance(seconds) }, label)),
    h("button", { type: "button", disabled: now.offset_seconds === 0, onclick: resetClock }, "Reset")));
}

function incidents(list) {
  const flip = (row) => doing(`${row.incident}: ${row.state === "on" ? "off" : "on"}`, async () => {
    await change("PUT", `/api/sandbox/incident/${row.incident}`,
      { state: row.state === "on" ? "off" : "on" });
    await render();
  });
  return h("section", { class: "card", "aria-label": "Incidents" }, h("h2", {}, "Incidents"),
    h("ul", { class: "plain" }, list.map((row) => h("li", { class: "switch" },
      asSwitch(row.incident, row.state === "on", flip(row), !mayChange()),
      h("span", {}, row.incident, h("br"), h("span", { class: "soft" }, row.meaning))))));
}

const makeUser = (kind) => doing("", async () => {
  const [made] = await change("POST", "/api/sandbox/user", { kind });
  await shown(`${made.user}, user ${made.user_id}`,
    h("p", {}, "The API key is shown this once. It must be bound to a device within ",
      `${Math.round(made.expires_in / 60)} minutes.`),
    copyable("API key", made.secret),
    ...lines(me, made.secret).map(([name, text]) => copyable(name, text)));
  await render();
});

const makeProvider = doing("", async () => {
  const [made] = await change("POST", "/api/sandbox/provider");
  await shown(made.name,
    h("p", {}, "A payment service provider (PSD2) with a test certificate. Its private key is "
      + "shown this once. The user is there when the certificate was registered: that gives "
      + "an API key, which is bound within an hour."),
    copyable("Certificate", made.certificate), copyable("Chain", made.chain),
    copyable("Private key", made.private_key),
    ...providerLines(me, made).map(([name, text]) => copyable(name, text)));
});

const resetAll = doing("as new", async () => {
  if (!await confirmed("Reset the sandbox?",
    "All users, API keys, installations, devices and sessions are removed. The clock "
    + "and the incidents go back, too. The server keys and the audit log stay.", "Reset")) {
    return false;
  }
  await change("POST", "/api/sandbox/reset");
  await render();
  return true;
});

export async function show() {
  const [now, list] = await Promise.all([first("/api/sandbox/clock"),
    rows("/api/sandbox/incident")]);
  return {
    elements: [mayChange() && h("div", { class: "bar" }, KINDS.map(([kind, label]) =>
      h("button", { type: "button", class: "main", onclick: makeUser(kind) }, label)),
    h("button", { type: "button", class: "main", onclick: makeProvider }, "New provider (PSD2)"),
    h("button", { type: "button", class: "bad grow", onclick: resetAll }, "Reset the sandbox")),
    h("div", { class: "sides" }, clock(now), incidents(list))],
  };
}
