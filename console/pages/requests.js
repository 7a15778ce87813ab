// SPDX-License-Identifier: Apache-2.0
// requests.js - every request with its reason, as they come. The filter and the
// request that is looked at are kept by the URL.
import { go, me, place } from "/app.js";
import { again } from "/again.js";
import { query, rows } from "/api.js";
import { copyable, field, h, moment, part, tag, text } from "/dom.js";
import { asCurl, asTrivet } from "/paste.js";
import { sides } from "/signed.js";

const STEP_MS = 1000;
const MAX_ROWS = 1000;
const MAX_DRAWN = 200;

function fits(row, given) {
  const verdict = given.verdict ?? "";
  const words = (given.q ?? "").toLowerCase();
  const isWanted = verdict === "" || (verdict === "admitted" && row.is_admitted)
    || (verdict === "refused" && !row.is_admitted) || verdict === row.reason;
  return isWanted && (!given.key || String(row.api_key_id) === given.key)
    && (words === "" || `${row.method} ${row.target} ${row.status} ${row.reason ?? ""} ${row.address} ${row.mistake ?? ""}`
      .toLowerCase().includes(words));
}

const us = (value) => (value === null ? "–" : `${value} µs`);

function pair(list) {
  return h("dl", { class: "pair" }, list.map(([name, value]) =>
    [h("dt", {}, name), h("dd", {}, value)]));
}

function explanation(row) {
  try {
    const more = JSON.parse(row.answer).Error[0].error_additional_parameter;
    return more.find((one) => one.explanation).explanation;
  } catch {
    return null;
  }
}

// What was done, and what was to be signed.
function signature(row) {
  const words = explanation(row);
  if (row.mistake === null && words === null) {
    return null;
  }
  return [h("h2", {}, "The signature"), h("p", {}, words ?? row.mistake), sides(row)];
}

function ids(row) {
  return [["user", row.user_id], ["API key", row.api_key_id], ["device", row.device_id],
    ["session", row.session_id], ["installation", row.installation_id]]
    .filter(([, id]) => id !== null).map(([name, id]) => `${name} ${id}`).join(", ");
}

function details(row, given) {
  return h("section", { class: "card", "aria-label": `Request ${row.id}` },
    h("div", { class: "bar" }, h("h2", {}, `${row.method} ${row.target}`),
      h("button", {
        type: "button", class: "grow", onclick: () => go("requests", { ...given, id: "" }),
      }, "Close")),
    pair([["Verdict", row.is_admitted ? tag("admitted", "good") : tag(row.reason, "bad")],
      ["Why", text(row.meaning)], ["Answer", String(row.status)], ["At", moment(row.at)],
      ["From", row.address], ["Call", text(row.call)], ["Who", text(ids(row))],
      ["Took", `${row.took_ms} ms; request's signature ${us(row.verifying_us)}, answer's `
        + `${us(row.signing_us)}, waited for it ${us(row.queued_us)}`]]),
    signature(row),
    row.headers !== null && h("div", { class: "sides" }, part("Header", row.headers),
      part("Body", row.body), part("Answer", row.answer)),
    row.headers === null && h("p", { class: "soft" },
      "Headers and bodies are kept in a sandbox alone."),
    again(row),
    copyable("Copy as curl (TOKEN: your session's, which was cut out here)", asCurl(me, row)),
    copyable(row.mistake ? "As it should have been signed: trivet call"
      : "Copy as trivet call", asTrivet(row)));
}

function line(row, given) {
  const isOpen = given.id === String(row.id);
  return h("tr", { "aria-selected": String(isOpen) },
    h("th", { scope: "row", "data-name": "Request" }, h("a", {
      href: `#/requests?${query({ ...given, id: row.id })}`,
    }, String(row.id))),
    h("td", { "data-name": "At" }, moment(row.at)),
    h("td", { "data-name": "Call", class: "wide" }, `${row.method} ${row.target}`),
    h("td", { "data-name": "Answer" }, String(row.status)),
    h("td", { "data-name": "Verdict" }, row.is_admitted ? tag("admitted", "good")
      : tag(row.reason, "bad")),
    h("td", { "data-name": "From" }, row.address),
    h("td", { "data-name": "Took", class: "num" }, `${row.took_ms} ms`));
}

function list(found, given) {
  if (found.length === 0) {
    return h("p", { class: "card soft" }, "No request that fits. New ones appear by themselves.");
  }
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Requests" },
    h("table", { class: "cards" }, h("thead", {}, h("tr", {},
      ["Request", "At", "Call", "Answer", "Verdict", "From", "Took"].map((name) =>
        h("th", { scope: "col" }, name)))),
    h("tbody", {}, found.slice(0, MAX_DRAWN).map((row) => line(row, given)))));
}

function filter(given) {
  const words = h("input", { type: "search", name: "q", value: given.q ?? "" });
  const known = ["", "admitted", "refused"];
  const verdict = h("select", { name: "verdict" }, [...known,
    ...(known.includes(given.verdict ?? "") ? [] : [given.verdict])].map((word) =>
    h("option", { value: word, selected: word === (given.verdict ?? "") }, word || "all")));
  return h("form", {
    class: "bar", role: "search", onsubmit: (event) => {
      event.preventDefault();
      go("requests", { q: words.value, verdict: verdict.value, key: given.key });
    },
  }, field("Path, status, reason, address", words), field("Verdict", verdict),
  given.key && h("span", { class: "tag" }, `of API key ${given.key}`),
  h("button", { type: "submit" }, "Filter"));
}

export async function show({ given }) {
  const area = h("div", {});
  const about = h("div", {});
  let all = (await rows("/api/journal?count=200")).reverse();
  let drawn = null;
  const draw = () => {
    const found = all.filter((row) => fits(row, given));
    const open = all.find((row) => String(row.id) === given.id);
    const key = `${found[0]?.id} ${found.length}`;
    if (key !== drawn) { // else a focus or a selection would be lost
      drawn = key;
      area.replaceChildren(list(found, given));
    }
    if (open && about.childElementCount === 0) {
      about.replaceChildren(details(open, given));
    }
  };
  const step = async () => {
    if (document.hidden || place().path[0] !== "requests") {
      return;
    }
    const more = await rows(`/api/journal?count=200&after=${all[0]?.id ?? 0}`);
    all = [...more.reverse(), ...all].slice(0, MAX_ROWS);
    draw();
  };
  draw();
  const timer = setInterval(() => step().catch(() => {}), STEP_MS);
  return {
    elements: [h("p", { class: "lead" }, "The last requests and what became of them; "
      + "new ones appear by themselves. Secrets are cut out."), filter(given), about, area],
    leave: () => clearInterval(timer),
  };
}
