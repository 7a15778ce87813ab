// SPDX-License-Identifier: Apache-2.0
// sessions.js - who is in, and out he goes
import { mayChange, render } from "/app.js";
import { change } from "/api.js";
import { confirmed, doing, h, moment, table, tag } from "/dom.js";
import { fetchPage, search } from "/list.js";

const end = (session) => doing("ended", async () => {
  if (!await confirmed("End this session?",
    `Session ${session.id} of ${session.user}: its next call is refused.`, "End session")) {
    return false;
  }
  await change("DELETE", `/api/session/${session.id}`);
  await render();
  return true;
});

export async function show({ given }) {
  const page = await fetchPage("/api/session", "sessions", given);
  const only = h("input", {
    type: "checkbox", name: "is_active", checked: given.is_active === "true",
  });
  const columns = [
    { name: "Session", cell: (row) => String(row.id), head: true },
    { name: "User", cell: (row) => `${row.user} (${row.user_id})`, wide: true },
    { name: "API key", cell: (row) => h("a", { href: `#/keys?q=${row.api_key_id}&open=${row.api_key_id}` }, String(row.api_key_id)) },
    { name: "Device", cell: (row) => String(row.device_id) },
    { name: "State", cell: (row) => tag(row.status.toLowerCase(), row.status === "ACTIVE" ? "good" : "") },
    { name: "Opened", cell: (row) => moment(row.created) },
    { name: "Ends", cell: (row) => moment(row.expires) },
  ];
  if (mayChange()) {
    columns.push({
      name: "Change", cell: (row) => h("button", {
        type: "button", class: "bad", disabled: row.status !== "ACTIVE",
        "aria-label": `End session ${row.id}`, onclick: end(row),
      }, "End"),
    });
  }
  return {
    elements: [search("sessions", given, "User or id",
      [h("label", {}, only, " only those that may be used"),
        given.api_key_id && h("span", { class: "tag" }, `of API key ${given.api_key_id}`),
        given.user_id && h("span", { class: "tag" }, `of user ${given.user_id}`)]),
    table("Sessions", columns, page.rows, "No session."), page.turners],
  };
}
