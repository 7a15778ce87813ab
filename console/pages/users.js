// SPDX-License-Identifier: Apache-2.0
// users.js - users, and how long their sessions are valid
import { mayChange, render } from "/app.js";
import { change } from "/api.js";
import { confirmed, doing, field, h, moment, span, table } from "/dom.js";
import { fetchPage, search } from "/list.js";

function create() {
  const name = h("input", { name: "name", required: true, maxlength: 255 });
  const kind = h("select", { name: "kind" }, h("option", { value: "person" }, "person"),
    h("option", { value: "company" }, "company"));
  return mayChange() && h("form", {
    class: "bar", onsubmit: (event) => {
      event.preventDefault();
      doing("made", async () => {
        await change("POST", "/api/user", { name: name.value, kind: kind.value });
        await render();
      })();
    },
  }, field("Name", name), field("Kind", kind),
  h("button", { type: "submit", class: "main" }, "Make a user"));
}

function logout(user) {
  const box = h("input", {
    type: "number", min: 1, max: 2147483, value: user.auto_logout, required: true,
    "aria-label": `Auto-logout of user ${user.id}, in seconds`,
  });
  return h("form", {
    class: "bar", onsubmit: (event) => {
      event.preventDefault();
      doing("set, for all sessions of the user", async () => {
        await change("PUT", `/api/user/${user.id}/auto-logout`,
          { auto_logout: Number(box.value) });
        await render();
      })();
    },
  }, box, h("button", { type: "submit", "aria-label": `Set auto-logout of user ${user.id}` }, "Set"));
}

const endAll = (user) => doing("ended", async () => {
  if (!await confirmed("End all sessions?",
    `All sessions of ${user.name} (${user.id}) end at once.`, "End all")) {
    return false;
  }
  await change("DELETE", `/api/user/${user.id}/session`);
  await render();
  return true;
});

export async function show({ given }) {
  const page = await fetchPage("/api/user", "users", given);
  const columns = [
    { name: "User", cell: (row) => String(row.id), head: true },
    { name: "Name", cell: (row) => row.name, wide: true },
    { name: "Kind", cell: (row) => row.kind },
    { name: "Made", cell: (row) => moment(row.created) },
    { name: "Auto-logout", cell: (row) => [span(row.auto_logout), mayChange() && logout(row)] },
    { name: "Sessions", cell: (row) => h("a", { href: `#/sessions?user_id=${row.id}` }, "show") },
  ];
  if (mayChange()) {
    columns.push({
      name: "Change", cell: (row) => h("button", {
        type: "button", class: "bad", "aria-label": `End all sessions of user ${row.id}`,
        onclick: endAll(row),
      }, "End all sessions"),
    });
  }
  return {
    elements: [search("users", given, "Name or id"), create(),
      table("Users", columns, page.rows, "No user."), page.turners],
  };
}
