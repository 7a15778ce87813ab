// SPDX-License-Identifier: Apache-2.0
// dom.js - elements. What is shown is text: nothing here reads markup.

export function h(name, given = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith("on")) {
      element.addEventListener(key.slice(2), value);
    } else if (value === true) {
      element.setAttribute(key, "");
    } else if (value !== undefined && value !== false && value !== null) {
      element.setAttribute(key, value);
    }
  }
  element.append(...children.flat(2).filter((child) => child !== null &&
    child !== undefined && child !== false));
  return element;
}

export const text = (value) => (value === null || value === undefined ||
  value === "" ? "–" : String(value));

// To the second, in the browser's own zone; the whole moment in its title.
export function moment(value) {
  if (!value) {
    return "–";
  }
  const at = new Date(value);
  const pad = (number) => String(number).padStart(2, "0");
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  const time = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
  return h("time", { datetime: value, title: value }, `${day} ${time}`);
}

export function span(seconds) {
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const parts = [];
  for (const [unit, size] of units) {
    if (seconds >= size && parts.length < 2) {
      parts.push(`${Math.floor(seconds / size)} ${unit}`);
      seconds %= size;
    }
  }
  return parts.join(" ") || "0 s";
}

export function tag(word, kind = "") {
  return h("span", { class: `tag ${kind}` }, word);
}

// columns: [{name, cell(row), wide, head}]
export function table(caption, columns, list, none = "None.") {
  if (list.length === 0) {
    return h("p", { class: "card soft" }, none);
  }
  const cell = (column, row) => h(column.head ? "th" : "td", {
    scope: column.head ? "row" : undefined,
    class: column.wide ? "wide" : undefined, "data-name": column.name,
  }, column.cell(row));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h("table", { class: "cards" },
      h("thead", {}, h("tr", {}, columns.map((column) =>
        h("th", { scope: "col" }, column.name)))),
      h("tbody", {}, list.map((row) =>
        h("tr", {}, columns.map((column) => cell(column, row)))))));
}

// A text as it is, under its name; words: what is to be said of it.
export function part(name, content, words) {
  return h("section", { "aria-label": name }, h("h2", {}, name), words && h("p", {}, words),
    h("pre", { tabindex: 0 }, content === "" ? "(nothing)" : content));
}

export function field(name, control) {
  return h("label", {}, name, h("br"), control);
}

let fades;
export function tell(words, isBad = false) {
  const place = document.getElementById("told");
  clearTimeout(fades);
  place.replaceChildren(h("p", { class: isBad ? "bad" : "" }, words));
  fades = setTimeout(() => place.replaceChildren(), isBad ? 9000 : 4000);
}

// Runs work, and says how it went: for the handlers of buttons.
export function doing(words, work) {
  return async (event) => {
    const button = event?.currentTarget;
    if (button) {
      button.disabled = true;
    }
    try {
      const result = await work(event);
      if (result !== false && words) {
        tell(words);
      }
    } catch (error) {
      tell(error.message, true);
    } finally {
      if (button) {
        button.disabled = false;
      }
    }
  };
}

function show(title, content, buttons) {
  const dialog = document.getElementById("dialog");
  return new Promise((resolve) => {
    const end = (value) => {
      dialog.close();
      dialog.replaceChildren();
      resolve(value);
    };
    // A secret may be in it.
    dialog.onclose = () => dialog.replaceChildren();
    dialog.replaceChildren(h("h2", { id: "dialog-title" }, title), ...content,
      h("div", { class: "bar" }, buttons.map(([label, value, kind]) =>
        h("button", { type: "button", class: kind, onclick: () => end(value) }, label))));
    dialog.oncancel = () => resolve(false);
    dialog.showModal();
  });
}

export const confirmed = (title, words, label) => show(title,
  [].concat(words).map((word) => (typeof word === "string" ? h("p", {}, word) : word)),
  [[label, true, "bad"], ["Cancel", false, ""]]);

export const shown = (title, ...content) => show(title, content, [["Close", true, "main"]]);

export function copyable(name, value) {
  return h("div", {}, h("p", { class: "bar" }, h("span", { class: "soft" }, name),
    h("button", {
      type: "button", class: "grow", "aria-label": `Copy: ${name}`,
      onclick: doing("copied", () => navigator.clipboard.writeText(value)),
    }, "Copy")), h("pre", { tabindex: 0 }, value));
}

export function asSwitch(label, isOn, onchange, isDisabled = false) {
  return h("button", {
    type: "button", role: "switch", "aria-checked": String(isOn), "aria-label": label,
    disabled: isDisabled, onclick: onchange,
  });
}
