// SPDX-License-Identifier: Apache-2.0
// list.js - a list with a search and pages, both kept by the URL
import { go } from "/app.js";
import { ask, query } from "/api.js";
import { field, h } from "/dom.js";

const EDGES = ["older_id", "newer_id"];

// How the search field of a page looks; others: more controls [name, control].
export function search(page, given, words, others = []) {
  const box = h("input", { type: "search", name: "q", value: given.q ?? "", maxlength: 99 });
  const form = h("form", {
    class: "bar", role: "search", onsubmit: (event) => {
      event.preventDefault();
      const wanted = {};
      for (const control of form.elements) {
        if (control.name) {
          wanted[control.name] = control.type === "checkbox"
            ? (control.checked ? "true" : "") : control.value.trim();
        }
      }
      go(page, wanted);
    },
  }, field(words, box), others, h("button", { type: "submit" }, "Search"));
  return form;
}

function turner(page, given, url, label) {
  const edge = {};
  for (const [name, value] of new URLSearchParams(url?.split("?")[1] ?? "")) {
    if (EDGES.includes(name)) {
      edge[name] = value;
    }
  }
  const kept = Object.fromEntries(Object.entries(given).filter(
    ([name]) => !EDGES.includes(name)));
  return h("button", {
    type: "button", disabled: !url, onclick: () => go(page, { ...kept, ...edge }),
  }, label);
}

// The rows of a page, and the buttons that lead to its neighbours.
export async function fetchPage(path, page, given) {
  const { rows, pages } = await ask("GET", `${path}?${query({ count: 25, ...given })}`);
  return {
    rows,
    turners: h("nav", { class: "bar", "aria-label": "Pages of the list" },
      turner(page, given, pages.newer_url, "Newer"),
      turner(page, given, pages.older_url, "Older")),
  };
}
