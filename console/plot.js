// SPDX-License-Identifier: Apache-2.0
// plot.js - a small line of figures, as SVG
const SVG = "http://www.w3.org/2000/svg";

function make(name, given) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(given)) {
    element.setAttribute(key, value);
  }
  return element;
}

// The lowest value stands at the bottom when all are alike.
export function plot(title, points) {
  const svg = make("svg", {
    class: "plot", viewBox: "0 0 100 32", preserveAspectRatio: "none", role: "img",
    "aria-label": points.length < 2 ? `${title}: no line yet`
      : `${title}: from ${points[0].toPrecision(3)} to ${points.at(-1).toPrecision(3)}`,
  });
  svg.append(make("line", { x1: 0, x2: 100, y1: 31, y2: 31 }));
  if (points.length > 1) {
    const top = Math.max(...points, Number.MIN_VALUE);
    const path = points.map((value, i) => `${i === 0 ? "M" : "L"}${
      (100 * i / (points.length - 1)).toFixed(2)} ${(30 - 27 * value / top).toFixed(2)}`);
    svg.append(make("path", { d: path.join("") }));
  }
  return svg;
}
