// SPDX-License-Identifier: Apache-2.0
// signed.js - what a wrong signature is over, beside what it should be over:
// what cannot be seen is made visible, and where they differ is marked
import { h, part } from "/dom.js";

const NAMES = {
  "\r": "[CR]", "\n": "[LF]\n", "\t": "[TAB]", "\ufeff": "[BOM]", "\u00a0": "[NBSP]",
};

const named = (letter) => NAMES[letter]
  ?? `[U+${letter.codePointAt(0).toString(16).padStart(4, "0")}]`;

// Characters that are not seen, by their names, but for the ends of lines.
const visible = (text) => text.replace(
  /[\u0000-\u0009\u000b-\u001f\u007f-\u00a0\u200b-\u200f\u2028-\u202e\u2060\ufeff]/g, named);

const lines = (text) => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

// Where two texts begin to differ: {line, at}, counted from 0 in characters;
// null: nowhere.
export function difference(one, other) {
  const [left, right] = [lines(one), lines(other)];
  let line = 0;
  while (line < left.length && left[line] === right[line]) {
    line++;
  }
  if (line === left.length && line === right.length) {
    return null;
  }
  const [a, b] = [[...(left[line] ?? "")], [...(right[line] ?? "")]];
  let at = 0;
  while (at < a.length && a[at] === b[at]) {
    at++;
  }
  return { line, at };
}

// The text, with the rest of the line from that place on marked.
function marked(text, place) {
  const all = lines(text);
  if (place === null) {
    return [visible(text)];
  }
  const line = [...(all[place.line] ?? "")];
  const rest = visible(line.slice(place.at).join("").replaceAll(" ", "·")).replace("\n", named);
  return [visible(all.slice(0, place.line).join("") + line.slice(0, place.at).join("")),
    h("mark", {}, rest === "" ? "(here it ends)" : rest),
    visible(all.slice(place.line + 1).join(""))];
}

const digest = (value) => h("p", { class: "soft" }, "SHA-256: ", h("code", {}, value));

const WANTED = "What should have been signed";

// row: of the journal.
export function sides(row) {
  const wanted = row.to_sign ?? "";
  if (row.was_signed === null) {
    const hasDigests = row.was_signed_sha256 !== null;
    return h("div", { class: "sides" },
      hasDigests && h("section", { "aria-label": "What was signed" },
        h("h2", {}, "What was signed"),
        h("p", {}, "Its bytes are not known: it is none of the known mistakes."),
        digest(row.was_signed_sha256)),
      h("div", {}, part(WANTED, visible(wanted)),
        hasDigests && digest(row.to_sign_sha256)));
  }
  const place = difference(row.was_signed, wanted);
  return h("div", {},
    h("p", {}, place === null ? "They differ in what was cut out."
      : `They differ from line ${place.line + 1}, character ${place.at + 1} on.`),
    h("div", { class: "sides" }, part("What was signed", marked(row.was_signed, place)),
      part(WANTED, marked(wanted, place))));
}
