// SPDX-License-Identifier: Apache-2.0
// keys.js - the menu of API keys: where they may be used from, and by what
import { go, mayChange, me, render } from "/app.js";
import { change, rows } from "/api.js";
import { asSwitch, confirmed, copyable, doing, field, h, moment, shown, tag, text } from "/dom.js";
import { fetchPage, search } from "/list.js";
import { lines } from "/paste.js";

const KINDS = { ACTIVE: "good", REVOKED: "bad", EXPIRED: "bad" };

const MEANING = "On: this key opens sessions and makes calls from every address. "
  + "Off: only from its permitted addresses. bunq calls the first a Wildcard API Key.";

function allIps(key) {
  const flip = doing(key.allow_all_ips ? "only its permitted addresses now"
    : "all addresses are allowed now", async () => {
    const wanted = !key.allow_all_ips;
    if (wanted && !await confirmed("Allow all IP addresses?",
      [`API key ${key.id} (${text(key.label)}) of ${key.user} will work from anywhere.`,
        "Whoever gets hold of the key and its private key can use it then."],
      "Allow all IP addresses")) {
      return false;
    }
    await change("PUT", `/api/key/${key.id}/allow-all-ips`, { allow_all_ips: wanted });
    await render();
    return true;
  });
  return h("div", { class: "switch" },
    asSwitch(`Allow all IP addresses: API key ${key.id}`, key.allow_all_ips, flip,
      !mayChange() || key.status === "REVOKED"),
    h("span", {}, "Allow all IP addresses", h("br"), h("span", { class: "soft" }, MEANING)));
}

async function setIp(key, ip, status) {
  await change("PUT", `/api/key/${key.id}/ip`, { ip, status });
  await render();
}

function addresses(key, ips) {
  const box = h("input", { name: "ip", required: true, maxlength: 45, size: 18 });
  return h("section", { "aria-label": "Permitted addresses" },
    h("h2", {}, "Permitted addresses"),
    h("ul", { class: "plain" }, ips.map((ip) => h("li", { class: "switch" },
      asSwitch(`${ip.ip} may use the key`, ip.status === "ACTIVE", doing("done",
        () => setIp(key, ip.ip, ip.status === "ACTIVE" ? "INACTIVE" : "ACTIVE")),
      !mayChange()),
      h("span", {}, h("code", {}, ip.ip), " ", h("span", { class: "soft" }, "since ",
        moment(ip.created)))))),
    ips.length === 0 && h("p", { class: "soft" }, "None yet: the first device brings one."),
    mayChange() && h("form", {
      class: "bar", onsubmit: (event) => {
        event.preventDefault();
        doing("permitted", () => setIp(key, box.value.trim(), "ACTIVE"))();
      },
    }, field("Another address", box), h("button", { type: "submit" }, "Permit")));
}

function devices(list) {
  return h("section", { "aria-label": "Devices" }, h("h2", {}, "Devices"),
    list.length === 0 ? h("p", { class: "soft" }, "None.")
      : h("ul", { class: "plain" }, list.map((device) => h("li", {},
        device.description || "(no description)", h("br"),
        h("span", { class: "soft" }, `device ${device.id}, from ${device.ip}, `,
          moment(device.created))))));
}

function buttons(key) {
  const label = h("input", { name: "label", value: key.label, maxlength: 255 });
  return mayChange() && h("div", { class: "bar" },
    h("form", {
      class: "bar", onsubmit: (event) => {
        event.preventDefault();
        doing("labelled", async () => {
          await change("PUT", `/api/key/${key.id}/label`, { label: label.value });
          await render();
        })();
      },
    }, field("Label", label), h("button", { type: "submit" }, "Save")),
    h("button", {
      type: "button", class: "bad grow", disabled: key.status === "REVOKED",
      onclick: doing("revoked", async () => {
        if (!await confirmed("Revoke this API key?",
          `API key ${key.id} of ${key.user} is invalid for ever, and its sessions end.`,
          "Revoke")) {
          return false;
        }
        await change("DELETE", `/api/key/${key.id}`);
        await render();
        return true;
      }),
    }, "Revoke"));
}

async function details(key) {
  const [ips, list] = await Promise.all([rows(`/api/key/${key.id}/ip`),
    rows(`/api/device?api_key_id=${key.id}&count=20`)]);
  return h("div", {}, h("h2", {}, "Where it may be used"), allIps(key),
    h("div", { class: "sides" }, addresses(key, ips), devices(list)), buttons(key),
    h("p", {}, h("a", { href: `#/sessions?api_key_id=${key.id}` }, "Its sessions"), ", ",
      h("a", { href: `#/requests?key=${key.id}` }, "its requests")));
}

function card(key, given) {
  const isOpen = given.open === String(key.id);
  return h("li", { class: "card" },
    h("div", { class: "bar" }, h("strong", {}, key.label || `API key ${key.id}`),
      tag(key.status.replaceAll("_", " ").toLowerCase(), KINDS[key.status]),
      key.allow_all_ips && tag("all addresses"),
      h("button", {
        type: "button", class: "grow", "aria-expanded": String(isOpen),
        "aria-label": `API key ${key.id}: ${isOpen ? "close" : "open"}`,
        onclick: () => go("keys", { ...given, open: isOpen ? "" : key.id }),
      }, isOpen ? "Close" : "Open")),
    h("dl", { class: "pair" }, h("dt", {}, "Key"), h("dd", {}, `${key.id}, of ${key.user}`),
      h("dt", {}, "Last use"), h("dd", {}, moment(key.last_use)),
      h("dt", {}, key.expires ? "Expires" : "Made"), h("dd", {}, moment(key.expires ?? key.created)),
      h("dt", {}, "Addresses"), h("dd", {}, key.allow_all_ips ? "all"
        : text(key.permitted_ips.join(", ")))));
}

function create() {
  const user = h("input", { name: "user", value: "default", required: true, maxlength: 255 });
  const label = h("input", { name: "label", maxlength: 255 });
  return mayChange() && h("form", {
    class: "bar", onsubmit: (event) => {
      event.preventDefault();
      doing("", async () => {
        const [made] = await change("POST", "/api/key",
          { user: user.value, label: label.value });
        await shown("The new API key", h("p", {},
          "It is shown this once. Bind it to a device within ",
          `${Math.round(made.expires_in / 60)} minutes.`),
        copyable("API key", made.secret),
        ...lines(me, made.secret).slice(0, 2).map(([name, words]) => copyable(name, words)));
        await render();
      })();
    },
  }, field("Of user (name or id)", user), field("Label", label),
  h("button", { type: "submit", class: "main" }, "Make an API key"));
}

export async function show({ given }) {
  const { open, ...wanted } = given;
  const page = await fetchPage("/api/key", "keys", wanted);
  const items = page.rows.map((key) => card(key, given));
  const index = page.rows.findIndex((key) => String(key.id) === open);
  if (index >= 0) {
    items[index].append(await details(page.rows[index]));
  }
  return {
    elements: [h("p", { class: "lead" }, "Each key belongs to a user and opens sessions "
      + "from its permitted addresses. The keys themselves are not stored."),
    search("keys", wanted, "Label, user or id"), create(),
    page.rows.length === 0 ? h("p", { class: "card soft" }, "No API key.")
      : h("ul", { class: "plain items" }, items), page.turners],
  };
}
