// SPDX-License-Identifier: Apache-2.0
// server-keys.js - the keys that answers are signed with
import { mayChange, render } from "/app.js";
import { change, rows } from "/api.js";
import { confirmed, doing, h, moment, table, tag, text } from "/dom.js";

const HURT = [
  { name: "Installation", cell: (row) => String(row.installation_id), head: true },
  { name: "User", cell: (row) => text(row.user), wide: true },
  { name: "Device", cell: (row) => text(row.description), wide: true },
  { name: "Sessions", cell: (row) => String(row.sessions) },
];

const rotate = doing("a new key is given to new installations", async () => {
  if (!await confirmed("Rotate the server key?",
    ["A new key is made and given to new installations.",
      "Each installation goes on with the key that it was given: no client breaks."],
    "Rotate")) {
    return false;
  }
  await change("POST", "/api/server-key");
  await render();
  return true;
});

const retire = (key) => doing("retired", async () => {
  const hurt = await rows(`/api/server-key/${key.id}/use`);
  const words = hurt.length === 0 ? ["No installation was given it: this hurts nobody."]
    : [`${hurt.length} were given it, and are refused from then on:`,
      table("Whom it hurts", HURT, hurt)];
  if (!await confirmed(`Retire server key ${key.id}?`, words, "Retire for ever")) {
    return false;
  }
  await change("POST", `/api/server-key/${key.id}/retire`, { is_forced: hurt.length > 0 });
  await render();
  return true;
});

export async function show() {
  const columns = [
    { name: "Key", cell: (row) => String(row.id), head: true },
    { name: "State", cell: (row) => tag(row.status.toLowerCase(), { CURRENT: "good", RETIRED: "bad" }[row.status]) },
    { name: "Where", cell: (row) => row.where, wide: true },
    { name: "Installations", cell: (row) => String(row.installations) },
    { name: "Alive", cell: (row) => String(row.alive) },
    { name: "Made", cell: (row) => moment(row.created) },
  ];
  if (mayChange()) {
    columns.push({
      name: "Change", cell: (row) => h("button", {
        type: "button", class: "bad", disabled: ["CURRENT", "RETIRED"].includes(row.status),
        "aria-label": `Retire server key ${row.id}`, onclick: retire(row),
      }, "Retire"),
    });
  }
  return {
    elements: [h("p", { class: "lead" }, "Answers are signed with the key that the "
      + "installation was given. New installations are given the current one."),
    mayChange() && h("p", {}, h("button", { type: "button", class: "main", onclick: rotate }, "Rotate")),
    table("Server keys", columns, await rows("/api/server-key"))],
  };
}
