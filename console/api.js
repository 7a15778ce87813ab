// SPDX-License-Identifier: Apache-2.0
// api.js - the operator's calls. A call gives the rows of its answer; what
// fails is an ApiError with the gateway's own words.

export class ApiError extends Error {
  constructor(status, text, more) {
    super(text);
    this.status = status;
    this.more = more;
  }
}

// A cookie is sent to every port of its host, so a login has a second secret,
// which is this origin's alone.
const KEY = "trivet-console-key";

export const keepKey = (key) => localStorage.setItem(KEY, key);
export const dropKey = () => localStorage.removeItem(KEY);

async function send(method, path, body) {
  const headers = {};
  const key = localStorage.getItem(KEY);
  if (key !== null) {
    headers["X-Trivet-Console-Key"] = key;
  }
  if (method !== "GET") {
    headers["X-Trivet-Console"] = "1";
  }
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(path, {
      method, headers, credentials: "same-origin", redirect: "error",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError(0, "the gateway does not answer");
  }
  return answer;
}

export async function ask(method, path, body) {
  const answer = await send(method, path, body);
  let root = {};
  try {
    root = await answer.json();
  } catch {
    throw new ApiError(answer.status, `the gateway answered ${answer.status}`);
  }
  if (!answer.ok) {
    const error = (root.Error ?? [{}])[0];
    if (answer.status === 401 && !path.startsWith("/api/login")) {
      dispatchEvent(new Event("loggedout"));
    }
    throw new ApiError(answer.status, error.error_description ?? "refused",
      error.error_additional_parameter);
  }
  return {
    rows: root.Response.map((element) => Object.values(element)[0]),
    pages: root.Pagination,
  };
}

export const rows = async (path) => (await ask("GET", path)).rows;
export const first = async (path) => (await rows(path))[0];
export const change = async (method, path, body) =>
  (await ask(method, path, body)).rows;

// The figures of /metrics: [{name, labels, value}].
export async function metrics() {
  const answer = await send("GET", "/api/metrics");
  if (!answer.ok) {
    throw new ApiError(answer.status, "no metrics");
  }
  const found = [];
  for (const line of (await answer.text()).split("\n")) {
    const match = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match) {
      const labels = {};
      for (const [, name, value] of (match[2] ?? "").matchAll(/(\w+)="([^"]*)"/g)) {
        labels[name] = value;
      }
      found.push({ name: match[1], labels, value: Number(match[3]) });
    }
  }
  return found;
}

export function query(given) {
  const wanted = Object.entries(given).filter(([, value]) => value !== "" &&
    value !== undefined && value !== null);
  return new URLSearchParams(wanted).toString();
}
