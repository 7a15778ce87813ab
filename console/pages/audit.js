// SPDX-License-Identifier: Apache-2.0
// audit.js - what happened, and whether the log of it is whole
import { go } from "/app.js";
import { first, rows } from "/api.js";
import { doing, field, h, moment, shown, table, text } from "/dom.js";
import { fetchPage } from "/list.js";

const IDS = [["user_id", "user"], ["api_key_id", "key"], ["installation_id", "installation"],
  ["device_id", "device"], ["session_id", "session"]];

const verify = doing("", async () => {
  const report = await first("/api/audit/verify");
  await shown(report.whole ? "The log is whole" : "The log is not whole",
    h("p", {}, `${report.rows} rows in ${report.chains.length} chains, `,
      `${report.checkpoints} checkpoints, ${report.num_faults} faults.`),
    report.faults.length > 0 && table("Faults", [
      { name: "Fault", cell: (row) => row.fault, head: true },
      { name: "Chain", cell: (row) => text(row.chain) },
      { name: "Rows", cell: (row) => `${row.first} to ${row.last}` },
    ], report.faults));
});

export async function show({ given }) {
  const chains = await rows("/api/audit/chain");
  const page = await fetchPage("/api/audit", "audit", given);
  const chosen = given.chain ?? "main";
  const chain = h("select", {
    onchange: (event) => go("audit", { chain: event.target.value }),
  }, chains.map((row) => h("option", { selected: row.chain === chosen }, row.chain)));
  const columns = [
    { name: "Row", cell: (row) => String(row.id), head: true },
    { name: "At", cell: (row) => moment(row.at) },
    { name: "Event", cell: (row) => row.event },
    { name: "Who", cell: (row) => row.actor + (row.address ? ` ${row.address}` : "") },
    { name: "What", cell: (row) => IDS.filter(([name]) => row[name])
      .map(([name, word]) => `${word} ${row[name]}`).join(", ") || "–" },
    { name: "Detail", cell: (row) => text([row.reason, row.detail].filter(Boolean).join(": ")), wide: true },
  ];
  return {
    elements: [h("p", { class: "lead" }, "Each change and each refused credential is a row; "
      + "a row's hash covers the one before it."),
    h("div", { class: "bar" }, field("Chain", chain),
      h("button", { type: "button", onclick: verify }, "Is it whole?")),
    table("Audit log", columns, page.rows, "No row."), page.turners],
  };
}
