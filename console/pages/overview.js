// SPDX-License-Identifier: Apache-2.0
// overview.js - how it goes: the figures of /metrics, and how they move
import { metrics } from "/api.js";
import { h, span } from "/dom.js";
import { plot } from "/plot.js";

const STEP_MS = 2000;
const MAX_POINTS = 60;

const sum = (list, name, fits = () => true) => list
  .filter((one) => one.name === name && fits(one.labels))
  .reduce((all, one) => all + one.value, 0);

// What one look at the figures comes to.
function look(list) {
  return {
    at: Date.now(),
    calls: sum(list, "trivet_requests_total"),
    admitted: sum(list, "trivet_requests_total", ({ reason }) => reason === "none"),
    signed: sum(list, "trivet_signing_seconds_count"),
    signing: sum(list, "trivet_signing_seconds_sum"),
    hits: sum(list, "trivet_sign_memo_hits_total"),
    sessions: sum(list, "trivet_sessions_alive"),
    behind: sum(list, "trivet_clock_behind_seconds"),
    stale: sum(list, "trivet_store_list_age_seconds"),
    list,
  };
}

function rate(looks, name) {
  return looks.slice(1).map((one, i) => Math.max(0, (one[name] - looks[i][name])
    * 1000 / (one.at - looks[i].at)));
}

function card(title, figure, words, points) {
  return h("section", { class: "card", "aria-label": title },
    h("h2", {}, title), h("p", { class: "figure" }, figure),
    plot(title, points), h("p", { class: "soft" }, words));
}

function byReason(list) {
  const found = new Map();
  for (const { name, labels, value } of list) {
    if (name === "trivet_requests_total" && value > 0) {
      found.set(labels.reason, (found.get(labels.reason) ?? 0) + value);
    }
  }
  return [...found].sort((one, other) => other[1] - one[1]);
}

function verdicts(list) {
  const found = byReason(list);
  const all = found.reduce((total, [, value]) => total + value, 0);
  return h("section", { class: "card", "aria-label": "Calls by verdict" },
    h("h2", {}, "Calls by verdict"),
    found.length === 0 ? h("p", { class: "soft" }, "No call yet.")
      : h("div", { class: "rows" }, found.slice(0, 12).map(([reason, value]) =>
        h("div", { class: "row" },
          h("a", {
            href: `#/requests?verdict=${reason === "none" ? "admitted" : reason}`,
          }, reason === "none" ? "admitted" : reason),
          h("span", { class: "num" }, value),
          h("meter", { max: all, value, "aria-label": `share of ${reason}` })))));
}

function draw(looks) {
  const now = looks.at(-1);
  const each = now.signed === 0 ? null : now.signing / now.signed;
  const reuse = now.hits + now.signed === 0 ? null
    : Math.round(100 * now.hits / (now.hits + now.signed));
  const refused = now.calls - now.admitted;
  return [
    card("Calls", now.calls, `${now.admitted} admitted, ${refused} refused; drawn: a second`,
      rate(looks, "calls")),
    card("Signing an answer", each === null ? "–" : `${(each * 1e6).toFixed(0)} µs`,
      "mean time of one RSA signature", looks.map((one) => (one.signed
        ? one.signing / one.signed : 0))),
    card("Answers signed before", reuse === null ? "–" : `${reuse} %`,
      "the same bytes under the same key are signed once", rate(looks, "hits")),
    card("Sessions", now.sessions, "that may be used",
      looks.map((one) => one.sessions)),
    card("Behind", span(now.behind), `the machine's clock; the store's list of changes is `
      + `${(now.stale * 1000).toFixed(0)} ms old`, looks.map((one) => one.behind)),
    verdicts(now.list),
  ];
}

export async function show() {
  const grid = h("div", { class: "grid" });
  const looks = [look(await metrics())];
  const step = async () => {
    if (!document.hidden) {
      looks.push(look(await metrics()));
      looks.splice(0, looks.length - MAX_POINTS);
      grid.replaceChildren(...draw(looks));
    }
  };
  grid.replaceChildren(...draw(looks));
  const timer = setInterval(() => step().catch(() => {}), STEP_MS);
  return {
    elements: [h("p", { class: "lead" }, "Since the gateway's start; looked at every two seconds."),
      grid],
    leave: () => clearInterval(timer),
  };
}
