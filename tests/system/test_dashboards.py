# SPDX-License-Identifier: Apache-2.0
"""dashboards/: what they name is what a gateway tells, and the alerts are raised"""
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import bunq
from gateway import Gateway, run
from metrics import fetch, parse
from postgres import Server, find_binaries

ROOT = Path(__file__).resolve().parents[2]
ALERTS = ROOT / "dashboards/alerts.yml"
DASHBOARD = json.loads((ROOT / "dashboards/trivet.json").read_text(encoding="utf-8"))

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="Debian's package prometheus is not here")


def alerts():
    """The text of each expr of the rules: of one line, or of a block."""
    return re.findall(r"^ +expr: (?:\|\n((?: {10}.*\n)+)|(.*)\n)",
                      ALERTS.read_text(encoding="utf-8"), flags=re.M)


def expressions():
    found = ["".join(each).strip() for each in alerts()]
    for panel in DASHBOARD["panels"]:
        found += [target["expr"] for target in panel.get("targets", [])]
    for variable in DASHBOARD["templating"]["list"]:
        match = re.fullmatch(r"label_values\((.*), \w+\)",
                             variable["query"]["query"] if isinstance(
                                 variable["query"], dict) else "")
        found += [match[1]] if match else []
    return found


def selectors(expression):
    """[(series, {label: (operator, value)})]"""
    form = r"\b(trivet_\w+)(?:\{([^}]*)\})?"
    return [(name, {label: (how, value) for label, how, value in
                    re.findall(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"', labels)})
            for name, labels in re.findall(form, expression)]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """{series: labels of each line} and the texts, of a gateway on each database."""
    folder = tmp_path_factory.mktemp("told")
    options = [()]
    server = Server() if find_binaries() else None
    if server:
        url = server.make_database()
        run("store", "migrate", url, check=True)
        options.append(("--store", url))
    series, texts = {}, []
    try:
        for number, more in enumerate(options):
            with Gateway(folder / f"data{number}", "--metrics", *more) as started:
                client = bunq.ready(started)
                client.get("/v1/user", token="0" * 64)
                texts.append(fetch(started).text)
    finally:
        if server:
            server.stop()
    for text in texts:
        for name, labels in parse(text):
            found = dict(re.findall(r'(\w+)="([^"]*)"', labels))
            series.setdefault(name, []).append(found)
    return series, texts, server is not None


def test_each_series_and_label_that_they_name_is_told(told):
    series, _, has_postgres = told
    words = set(re.findall(r'^\s+\{"([\w-]+)", \d+',
                           (ROOT / "core/reason.c").read_text(encoding="utf-8"), re.M))
    names = set()
    for expression in expressions():
        for name, labels in selectors(expression):
            names.add(name)
            if not has_postgres and re.match("trivet_store_(cache|list|clock)", name):
                continue
            assert name in series, expression
            for label, (how, value) in labels.items():
                if label == "instance":  # Prometheus' own
                    continue
                values = {each.get(label) for each in series[name]}
                assert None not in values, (name, label)
                wanted = set(value.split("|"))
                known = words if label == "reason" else values
                assert wanted <= known, (expression, wanted - known)
    assert len(names) > 20


def test_each_series_that_is_told_is_on_the_dashboard_or_in_an_alert(told):
    named = {name for each in expressions() for name, _ in selectors(each)}
    bases = {re.sub("_(bucket|sum|count)$", "", name) for name in named}
    for name in told[0]:
        assert re.sub("_(bucket|sum|count)$", "", name) in bases, name


def test_by_labels_are_those_of_the_series(told):
    for expression in expressions():
        for words in re.findall(r"by \(([\w, ]+)\)", expression):
            for label in words.split(", "):
                if label == "instance":
                    continue
                assert any(label in each for name, _ in selectors(expression)
                           for each in told[0].get(name, ())), (expression, label)


def test_the_dashboard_lies_on_its_grid():
    places = set()
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert x < 24 and (x, y) not in places, panel["title"]
                places.add((x, y))


# ---- promtool ----------------------------------------------------------------


def promtool(*args, stdin=None):
    return subprocess.run(["promtool", *map(str, args)], input=stdin,
                          capture_output=True, text=True, check=False, timeout=60)


@needs_promtool
def test_the_rules_are_rules():
    done = promtool("check", "rules", ALERTS)
    assert done.returncode == 0, done
    assert f"{len(alerts())} rules found" in done.stdout


@needs_promtool
def test_the_alerts_are_raised_by_what_is_wrong_and_by_nothing_else(tmp_path):
    tests = tmp_path / "tests.yml"
    text = (Path(__file__).parent / "alerts_test.yml").read_text(encoding="utf-8")
    assert len(alerts()) > 10

    def judge(rules, number):
        tests.write_text(text.replace("RULES", str(rules)).replace("NUMBER", str(number)))
        return promtool("test", "rules", tests)

    done = judge(ALERTS, len(alerts()))
    assert done.returncode == 0, done
    assert judge(ALERTS, len(alerts()) - 1).returncode != 0
    other = tmp_path / "other.yml"
    other.write_text(ALERTS.read_text(encoding="utf-8").replace(
        "trivet_store_up == 0", "trivet_store_up == 1"))
    assert judge(other, len(alerts())).returncode != 0


@needs_promtool
def test_the_queries_of_the_dashboard_are_queries(tmp_path):
    rules = {"groups": [{"name": "dashboard", "rules": [
        {"record": f"panel:query:{number}",
         "expr": query.replace("$__rate_interval", "5m").replace("$instance", ".*")}
        for number, query in enumerate(expressions())]}]}
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(rules))  # which is YAML, too
    done = promtool("check", "rules", path)
    assert done.returncode == 0, done
    rules["groups"][0]["rules"][3]["expr"] += ")"
    path.write_text(json.dumps(rules))
    assert promtool("check", "rules", path).returncode != 0


@needs_promtool
def test_what_a_gateway_tells_is_in_prometheus_form(told):
    for text in told[1]:
        done = promtool("check", "metrics", stdin=text)
        assert done.returncode == 0, done
