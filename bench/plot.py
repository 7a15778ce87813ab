# SPDX-License-Identifier: Apache-2.0
"""plot.py - one SVG: CPU per request as bars, the floors as lines"""
from statistics import median
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, TOP, BAR, GAP = 760, 230, 90, 64, 20, 8

COLOURS = {
    "gateway": "#1b6ca8",
    "plain": "#7a8b99",
    "lua": "#5b7f3a",
    "go": "#6f5a9c",
    "njs": "#c98a2b",
    "node": "#b5533c",
    "floor": "#333333",
}

# name of the row, its words in the plot, which colour
BARS = (
    ("plain GET same 1k", "plain nginx TLS proxy", "plain"),
    ("gateway GET same 1k", "trivet, GET, answer repeats", "gateway"),
    ("gateway POST same 1k", "trivet, POST, answer repeats", "gateway"),
    ("gateway GET fresh 1k", "trivet, GET, answer is new", "gateway"),
    ("gateway POST fresh 1k", "trivet, POST, answer is new", "gateway"),
    ("lua GET same 1k", "nginx with Lua, GET, answer repeats", "lua"),
    ("lua GET fresh 1k", "nginx with Lua, GET, answer is new", "lua"),
    ("go GET fresh 1k", "Go, GET, answer is new", "go"),
    ("node GET fresh 1k", "Node.js, GET, answer is new", "node"),
    ("njs GET fresh 1k", "njs, GET, answer is new", "njs"),
)


def _text(x, y, text, anchor="start", size=12, colour="#222"):
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}"'
        f' fill="{colour}">{escape(text)}</text>'
    )


def _bars(figures):
    bars = []
    for name, words, colour in BARS:
        if figures.has(name):
            bars.append((words, figures.each(name, "cpu_us"), colour))
    for count in figures.counts():
        values = figures.each(f"sessions {count}", "cpu_us")
        bars.append((f"trivet, one of {count:,} sessions", values, "gateway"))
    return bars


def draw(figures, caption):
    bars = _bars(figures)
    if not bars or not figures.has("rsa"):
        return ""
    floor = median(figures.floor(1, 1))
    most = max([floor, *(max(values) for _, values, _ in bars)])
    scale = (WIDTH - LEFT - RIGHT) / most
    bottom = TOP + len(bars) * (BAR + GAP)
    height = bottom + 48

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        f' width="{WIDTH}" height="{height}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(12, 24, "Server CPU per request, in microseconds (1 KiB)", size=15),
    ]
    y = TOP
    for words, values, colour in bars:
        middle, low, high = median(values), min(values), max(values)
        out.append(_text(LEFT - 8, y + 15, words, "end"))
        out.append(
            f'<rect x="{LEFT}" y="{y}" width="{middle * scale:.1f}" height="{BAR}"'
            f' fill="{COLOURS[colour]}"/>'
        )
        out.append(
            f'<path d="M{LEFT + low * scale:.1f} {y + BAR / 2:.1f}'
            f'H{LEFT + high * scale:.1f}" stroke="#000" stroke-width="1.5"/>'
        )
        out.append(_text(LEFT + high * scale + 6, y + 15, f"{middle:.0f}"))
        y += BAR + GAP
    x = LEFT + floor * scale
    out.append(
        f'<path d="M{x:.1f} {TOP - 8}V{bottom}" stroke="{COLOURS["floor"]}"'
        ' stroke-width="1.5" stroke-dasharray="4 3"/>'
    )
    out.append(_text(x, TOP - 14, f"one signature + one verification: {floor:.0f}", "middle"))
    out.append(_text(12, height - 14, caption, size=10, colour="#555"))
    out.append("</svg>")
    return "\n".join(out) + "\n"
