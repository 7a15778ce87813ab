# SPDX-License-Identifier: Apache-2.0
"""report.py - targets, the table, the plot: all from the rows of measure.py"""
from statistics import median

# ---- figures -----------------------------------------------------------------


class Figures:
    """The rounds of every scenario. A ratio is made in each round, of figures of
    that round, and then has a median and a spread like anything else."""

    def __init__(self, rows):
        self.rows = rows

    def has(self, name):
        return name in self.rows

    def each(self, name, figure):
        return [row[figure] for row in self.rows[name]]

    def ratio(self, above, below):
        return [a / b for a, b in zip(above, below)]

    def floor(self, signs, verifies):
        return [
            signs * row["sign_us"] + verifies * row["verify_us"]
            for row in self.rows["rsa"]
        ]

    def counts(self):
        names = [name for name in self.rows if name.startswith("sessions ")]
        return sorted(int(name.split()[1]) for name in names)


# ---- targets -----------------------------------------------------------------


class Target:
    def __init__(self, name, values, sign, limit):
        self.name = name
        self.value = median(values)
        self.low = min(values)
        self.high = max(values)
        self.sign = sign
        self.limit = limit
        self.met = self.value <= limit if sign == "<=" else self.value >= limit

    def __str__(self):
        word = "met" if self.met else "missed"
        return (
            f"{self.name}: {self.value:.2f}"
            f" (target {self.sign} {self.limit:.2f}) {word}"
        )


def _best_peer(figures, scenario):
    names = [f"{peer} {scenario}" for peer in ("njs", "node")]
    peers = [figures.each(name, "per_s") for name in names]
    return [max(round_of) for round_of in zip(*peers)]


def targets(figures):
    f = figures
    found = []

    def add(name, above, below, sign, limit):
        found.append(Target(name, f.ratio(above, below), sign, limit))

    for method in ("GET", "POST"):
        fresh = f.each(f"gateway {method} fresh 1k", "cpu_us")
        same = f.each(f"gateway {method} same 1k", "cpu_us")
        plain = f.each(f"plain {method} same 1k", "cpu_us")
        add(f"cpu-fresh-{method.lower()}", fresh, f.floor(1, 1), "<=", 1.10)
        add(f"cpu-same-{method.lower()}", same, plain, "<=", 1.60)

    contexts = f.each("gateway contexts", "cpu_us")
    add("cpu-context", contexts, f.floor(3, 2), "<=", 1.25)

    counts = f.counts()
    if len(counts) > 1:
        few, some, many = counts[0], counts[-2], counts[-1]
        add(
            f"cpu-sessions-{many}",
            f.each(f"sessions {many}", "cpu_us"),
            f.each(f"sessions {few}", "cpu_us"),
            "<=",
            1.10,
        )
        # a worker's caches are full with either
        add(
            f"memory-sessions-{many}",
            f.each(f"sessions {many}", "anonymous_kib")[-1:],
            f.each(f"sessions {some}", "anonymous_kib")[-1:],
            "<=",
            1.10,
        )

    if f.has("njs GET fresh 1k"):
        for kind, limit in (("fresh", 1.40), ("same", 5.00)):
            scenario = f"GET {kind} 1k"
            ours = f.each(f"gateway {scenario}", "per_s")
            add(f"rate-{kind}-best-peer", ours, _best_peer(f, scenario), ">=", limit)

    signs = [row["sign_us"] for row in f.rows["rsa"]]
    add("p99-at-70-percent", f.each("gateway at 70 %, evenly", "p99_us"), signs, "<=", 5)
    return found


# ---- the table ---------------------------------------------------------------

LARGE = (" 64k", " 1m")  # here proxying costs as much as RSA


def spread(values, form="{:.0f}"):
    if len(values) == 1:
        return form.format(values[0])
    low, high = form.format(min(values)), form.format(max(values))
    return f"{form.format(median(values))} ({low}-{high})"


def _against(figures, name, cpu):
    """The ratio that counts for a row, and what it is against."""
    if name.startswith("client"):
        if figures.has("client: curl") and name != "client: curl":
            curl = figures.each("client: curl", "cpu_us")
            return spread(figures.ratio(cpu, curl), "{:.2f}") + " x curl"
        return ""
    if "contexts" in name:
        ratio = figures.ratio(cpu, figures.floor(3, 2))
        return spread(ratio, "{:.2f}") + " x (3 s + 2 v)"
    floor, words = figures.floor(1, 1), "s + v"
    if " same " in name or name.endswith(LARGE):
        plain = " ".join(["plain", *name.split()[1:]]).replace("fresh", "same")
        if name == plain or not figures.has(plain):
            return ""
        proxying = figures.each(plain, "cpu_us")
        if " same " in name:
            return spread(figures.ratio(cpu, proxying), "{:.2f}") + " x plain"
        floor = [a + b for a, b in zip(floor, proxying)]
        words += " + plain"
    return spread(figures.ratio(cpu, floor), "{:.2f}") + f" x ({words})"


HEAD = ("what", "ratio", "CPU µs", "per second", "p50 µs", "p99 µs", "memory MiB")


def table(figures):
    """Rows of texts, the head first."""
    found = [HEAD]
    for name, rounds in figures.rows.items():
        if name == "rsa":
            for word in ("sign", "verify"):
                values = figures.each(name, f"{word}_us")
                found.append((f"openssl RSA-2048 {word}", "", spread(values, "{:.1f}")))
            continue
        cpu = figures.each(name, "cpu_us")
        row = [name, _against(figures, name, cpu), spread(cpu)]
        for figure in ("per_s", "p50_us", "p99_us"):
            known = figure in rounds[0]
            row.append(spread(figures.each(name, figure)) if known else "")
        if "anonymous_kib" in rounds[0]:
            row.append(f"{figures.each(name, 'anonymous_kib')[-1] / 1024:.0f}")
        found.append(tuple(row))
    return [tuple(row) + ("",) * (len(HEAD) - len(row)) for row in found]


def as_text(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    )


def as_markdown(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "| --- | --- |" + " ---: |" * (len(HEAD) - 2))
    return "\n".join(lines)


def short(figures):
    """For the README: what one core does, and what it would do at best."""
    peers = [name for name in ("node", "njs") if figures.has(f"{name} GET fresh 1k")]
    head = ["one core, 1 KiB", "ratio", "trivet", *peers]
    lines = [head, ["---"] * 2 + ["---:"] * (len(head) - 2)]
    for words, scenario in (
        ("GET, answers that never repeat", "GET fresh 1k"),
        ("GET, answers that repeat", "GET same 1k"),
        ("POST, bodies and answers that never repeat", "POST fresh 1k"),
        ("whole contexts", "contexts"),
    ):
        name = f"gateway {scenario}"
        ratio = _against(figures, name, figures.each(name, "cpu_us"))
        row = [words, ratio]
        for server in ("gateway", *peers):
            name = f"{server} {scenario}"
            known = figures.has(name)
            rate = median(figures.each(name, "per_s")) if known else 0
            row.append(f"{rate:,.0f}/s" if known else "")
        lines.append(row)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def about(machine, plan):
    return (
        f"{machine['date']}, {machine['cpu']}, {machine['cpus']} cores,"
        f" {machine['openssl']}, fsync {machine['fsync_us']:.0f} µs;"
        f" {plan.rounds} rounds of {plan.seconds} s, medians (lowest-highest)"
    )
