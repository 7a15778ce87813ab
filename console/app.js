// SPDX-License-Identifier: Apache-2.0
// app.js - who is logged in, and which page is shown. The place is in the URL
// behind "#": "#/keys?q=till". A token stands there too, once, at the login.
import { change, dropKey, first, keepKey } from "/api.js";
import { doing, h, tell } from "/dom.js";
import * as audit from "/pages/audit.js";
import * as keys from "/pages/keys.js";
import * as overview from "/pages/overview.js";
import * as requests from "/pages/requests.js";
import * as sandbox from "/pages/sandbox.js";
import * as serverKeys from "/pages/server-keys.js";
import * as sessions from "/pages/sessions.js";
import * as users from "/pages/users.js";

const PAGES = [
  ["overview", "Overview", overview], ["requests", "Requests", requests],
  ["keys", "API keys", keys], ["sessions", "Sessions", sessions],
  ["users", "Users", users], ["server-keys", "Server keys", serverKeys],
  ["audit", "Audit", audit], ["sandbox", "Sandbox", sandbox],
];

export const me = { role: "view" };
export const mayChange = () => me.role === "operate";

let leave = null; // ends what the page does by itself
let turn = 0; // of showing pages: a later one wins

export function place() {
  const [path, given] = location.hash.slice(1).split("?");
  return { path: path.split("/").filter(Boolean), given: Object.fromEntries(
    new URLSearchParams(given ?? "")) };
}

// Another place of the same page, which the URL keeps.
export function go(path, given = {}) {
  const wanted = new URLSearchParams(Object.entries(given).filter(
    ([, value]) => value !== "" && value !== undefined));
  const text = wanted.toString();
  location.hash = `#/${path}${text ? `?${text}` : ""}`;
}

function showNav(current) {
  document.getElementById("nav").replaceChildren(...PAGES
    .filter(([id]) => id !== "sandbox" || me.is_sandbox)
    .map(([id, title]) => h("li", {}, h("a", {
      href: `#/${id}`, "aria-current": id === current ? "page" : undefined,
    }, title))));
}

function showWho() {
  document.getElementById("who").replaceChildren(
    `${me.name} – ${me.role === "operate" ? "may change things" : "may look"} `,
    h("button", {
      type: "button", onclick: doing("", async () => {
        await change("DELETE", "/api/login");
        dropKey();
        showOut("You are logged out.");
      }),
    }, "Log out"));
}

function showOut(words) {
  leave?.();
  leave = null;
  turn++;
  document.getElementById("who").replaceChildren();
  document.getElementById("nav").replaceChildren();
  document.title = "trivet: not logged in";
  document.getElementById("main").replaceChildren(
    h("h1", {}, "Not logged in"), h("p", {}, words),
    h("p", {}, "The link that lets you in is printed by"),
    h("pre", { tabindex: 0 }, "trivet console"));
}

// What has the focus in main, in words, so that it can have it again.
function focused(main) {
  const element = document.activeElement;
  return main.contains(element) && element !== main
    ? { name: element.localName, label: element.getAttribute("aria-label") ?? element.textContent }
    : null;
}

function focusAgain(main, focus) {
  if (focus) {
    const found = [...main.querySelectorAll(focus.name)].find((element) =>
      (element.getAttribute("aria-label") ?? element.textContent) === focus.label);
    (found ?? main).focus();
  }
}

export async function render() {
  const mine = ++turn;
  const { path, given } = place();
  const found = PAGES.find(([id]) => id === path[0]) ?? PAGES[0];
  const main = document.getElementById("main");
  leave?.();
  leave = null;
  showNav(found[0]);
  document.title = `${found[1]} – trivet`;
  try {
    const content = await found[2].show({ path: path.slice(1), given });
    if (mine !== turn) {
      content.leave?.();
      return;
    }
    const focus = focused(main);
    main.replaceChildren(h("h1", {}, found[1]),
      ...content.elements.filter((element) => element));
    focusAgain(main, focus);
    leave = content.leave ?? null;
  } catch (error) {
    if (mine === turn) {
      main.replaceChildren(h("h1", {}, found[1]),
        h("p", { class: "card" }, `This could not be shown: ${error.message}`),
        h("button", { type: "button", onclick: render }, "Try again"));
    }
  }
}

async function begin() {
  const token = /^#([0-9a-f]{64})$/.exec(location.hash)?.[1];
  try {
    if (token) {
      history.replaceState(null, "", "/");
      keepKey((await change("POST", "/api/login", { token }))[0].page_key);
    }
    Object.assign(me, await first("/api/login"));
  } catch (error) {
    showOut(error.message);
    return;
  }
  showWho();
  await render();
}

addEventListener("hashchange", () => {
  if (/^#[0-9a-f]{64}$/.test(location.hash)) {
    begin();
  } else if (location.hash !== "#main" && me.name) {
    render().then(() => document.getElementById("main").focus());
  }
});
addEventListener("loggedout", () => showOut(
  "Your login has ended, or the gateway was started anew."));
addEventListener("unhandledrejection", (event) => tell(event.reason.message, true));

begin();
