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

    def large_floor(self, size):
        """Of a new answer that costs as much to pass on and digest as to sign."""
        rest = (f"plain GET same {size}", f"{SHA}{size}")
        parts = [self.floor(1, 1), *(self.each(name, "cpu_us") for name in rest)]
        return [sum(of_round) for of_round in zip(*parts)]

    def counts(self):
        names = [name for name in self.rows if name.startswith("sessions ")]
        return sorted(int(name.split()[1]) for name in names)


LOOK_UP = "look-up among "
SHA = "openssl SHA-256 of "
PEERS = ("lua", "go", "node", "njs")

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


def _memory(figures, count):
    return figures.each(f"sessions {count}", "anonymous_kib")[-1:]


def _best_peer(figures, scenario):
    names = [f"{peer} {scenario}" for peer in PEERS]
    peers = [figures.each(name, "per_s") for name in names]
    return [max(round_of) for round_of in zip(*peers)]


def targets(figures):
    """Those whose scenarios were run."""
    f = figures
    found = []

    def add(name, scenarios, above, below, sign, limit):
        if all(f.has(scenario) for scenario in scenarios):
            found.append(Target(name, f.ratio(above(), below()), sign, limit))

    def cpu(scenario):
        return lambda: f.each(scenario, "cpu_us")

    for method in ("GET", "POST"):
        fresh, same = (f"gateway {method} {kind} 1k" for kind in ("fresh", "same"))
        plain = f"plain {method} same 1k"
        name = method.lower()
        add(f"cpu-fresh-{name}", [fresh, "rsa"], cpu(fresh),
            lambda: f.floor(1, 1), "<=", 1.12 if method == "GET" else 1.18)  # fmt: skip
        add(f"cpu-same-{name}", [same, plain], cpu(same), cpu(plain), "<=", 1.40)

    for size, limit in (("64k", 1.10), ("1m", 1.20)):
        large = f"gateway GET fresh {size}"
        parts = ["rsa", f"plain GET same {size}", f"{SHA}{size}"]
        add(f"cpu-fresh-{size}", [large, *parts], cpu(large),
            lambda s=size: f.large_floor(s), "<=", limit)  # fmt: skip

    for method, limit in (("GET", 0.70), ("POST", 0.72)):
        at_once = f"lanes {method} fresh 1k"
        add(f"cpu-fresh-{method.lower()}-lanes", [at_once, "rsa"], cpu(at_once),
            lambda: f.floor(1, 1), "<=", limit)  # fmt: skip
    alone = [f"{server} GET fresh 1k, alone" for server in ("lanes", "gateway")]
    add("p50-alone-lanes", alone, lambda: f.each(alone[0], "p50_us"),
        lambda: f.each(alone[1], "p50_us"), "<=", 1.02)  # fmt: skip

    for name, server, limit in (("", "gateway", 1.35), ("-lanes", "lanes", 1.10)):
        contexts = f"{server} contexts"
        add(f"cpu-context{name}", [contexts, "rsa"], cpu(contexts),
            lambda: f.floor(3, 2), "<=", limit)  # fmt: skip

    counts = f.counts()
    if len(counts) > 1:
        some, many = counts[-2], counts[-1]
        add(f"cpu-sessions-{many}", [], cpu(f"sessions {many}"),
            cpu(f"sessions {some}"), "<=", 1.03)  # fmt: skip
        # a worker's caches are full with either
        add(f"memory-sessions-{many}", [], lambda: _memory(f, many),
            lambda: _memory(f, some), "<=", 1.10)  # fmt: skip

    for name in (name for name in f.rows if name.startswith(LOOK_UP)):
        add(f"us-look-up-{name.split()[-1]}", [], cpu(name),
            lambda s=name: [1] * len(f.rows[s]), "<=", 12.00)  # fmt: skip

    for name, server, kind, limit in (
        ("fresh-best-peer", "gateway", "fresh", 1.05),
        ("fresh-best-peer-lanes", "lanes", "fresh", 1.60),
        ("same-best-peer", "gateway", "same", 1.50),
    ):
        for method in ("GET", "POST"):
            scenario = f"{method} {kind} 1k"
            add(f"rate-{name}" + ("-post" if method == "POST" else ""),
                [f"{s} {scenario}" for s in (server, *PEERS)],
                lambda s=server, what=scenario: f.each(f"{s} {what}", "per_s"),
                lambda what=scenario: _best_peer(f, what), ">=", limit)  # fmt: skip

    evenly, plainly = "gateway at 70 %, evenly", "plain at that rate, evenly"
    add("p99-at-70-percent", [evenly, plainly, "rsa"],
        lambda: f.each(evenly, "p99_us"),
        lambda: [a + b for a, b in zip(f.each(plainly, "p99_us"), f.floor(3, 3))],
        "<=", 1.00)  # fmt: skip

    _add_shared(f, add, cpu)
    proxied, parts = "client: proxy", ["client: library", "plain GET same 1k"]
    add("cpu-proxy", [proxied, *parts], cpu(proxied),
        lambda: [sum(each) for each in zip(*(f.each(part, "cpu_us") for part in parts))],
        "<=", 1.30)  # fmt: skip
    ends = ["client: proxy, alone", "client: straight"]
    add("ms-proxy", ends,
        lambda: [a - b for a, b in zip(*(f.each(end, "p50_us") for end in ends))],
        lambda: [1000] * len(f.rows[ends[0]]), "<=", 0.50)  # fmt: skip

    one, eight = (f"workers-{count} GET fresh 1k" for count in (1, 8))
    add("cpu-workers-8", [one, eight], cpu(eight), cpu(one), "<=", 1.05)
    return found


def _add_shared(f, add, cpu):
    """Gateways on PostgreSQL, against the same on SQLite; one against several."""
    for kind in ("fresh", "same"):
        for way, limit in (("cached", 1.02), ("asked", 1.25)):
            above, below = f"postgres-1 GET {kind} 1k, {way}", f"gateway GET {kind} 1k"
            add(f"cpu-postgres-{way}-{kind}", [above, below], cpu(above), cpu(below),
                "<=", limit)  # fmt: skip
    for way in ("cached", "asked"):
        one, two = (f"postgres-{count} GET fresh 1k, {way}" for count in (1, 2))
        add(f"gateways-2-by-cpu-{way}", [one, two],
            lambda name=one: [2 * value for value in f.each(name, "cpu_us")],
            cpu(two), ">=", 1.90)  # fmt: skip


# ---- the table ---------------------------------------------------------------

LARGE = (" 64k", " 1m")  # here proxying costs as much as RSA


def spread(values, form="{:.0f}"):
    if len(values) == 1:
        return form.format(values[0])
    low, high = form.format(min(values)), form.format(max(values))
    return f"{form.format(median(values))} ({low}-{high})"


def _against(figures, name, cpu):
    """The ratio that counts for a row, and what it is against."""
    if not figures.has("rsa"):
        return ""
    if name.startswith("postgres"):
        sqlite = "gateway " + name.split(",")[0].partition(" ")[2]
        if not figures.has(sqlite):
            return ""
        ratio = figures.ratio(cpu, figures.each(sqlite, "cpu_us"))
        return spread(ratio, "{:.2f}") + " x SQLite"
    if name.startswith(("plain", LOOK_UP, SHA)) or ", alone" in name:
        return ""
    if name.startswith("client"):
        if figures.has("client: curl") and name in ("client: trivet call", "client: library"):
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
        digest = SHA + name.split()[-1]
        if figures.has(digest):
            floor = figures.large_floor(name.split()[-1])
            words += " + SHA-256"
    return spread(figures.ratio(cpu, floor), "{:.2f}") + f" x ({words})"


HEAD = ("what", "ratio", "CPU µs", "per second", "p50 µs", "p99 µs", "memory MiB",
        "database µs")  # fmt: skip


def table(figures):
    """Rows of texts, the head first."""
    found = [HEAD]
    for name, rounds in figures.rows.items():
        if name == "rsa":
            for word in ("sign", "verify"):
                values = figures.each(name, f"{word}_us")
                found.append((f"openssl RSA-2048 {word}", "", spread(values, "{:.1f}")))
            continue
        if "cpu_us" in rounds[0]:
            cpu = figures.each(name, "cpu_us")
            form = "{:.1f}" if name.startswith(LOOK_UP) else "{:.0f}"
            row = [name, _against(figures, name, cpu), spread(cpu, form)]
        else:
            row = [name, "", ""]
        for figure in ("per_s", "p50_us", "p99_us"):
            known = figure in rounds[0]
            row.append(spread(figures.each(name, figure)) if known else "")
        if "anonymous_kib" in rounds[0]:
            row.append(f"{figures.each(name, 'anonymous_kib')[-1] / 1024:.0f}")
        if "database_us" in rounds[0]:
            row += ["", spread(figures.each(name, "database_us"))]
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
    peers = [name for name in PEERS if figures.has(f"{name} GET fresh 1k")]
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
