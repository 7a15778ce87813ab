# SPDX-License-Identifier: Apache-2.0
"""tools/check-coverage: the table as it is passes, and each way to break it is found"""
import re

import pytest

from loading import ROOT, load

PARTS = ["authority", "cli", "core", "gateway", "mk", "tests"]

tool = load(ROOT / "tools/check-coverage")


@pytest.fixture
def tree(tmp_path):
    """tree(file, change): what is said of the repository with that file changed."""
    for part in PARTS:
        (tmp_path / part).mkdir()
        for path in (ROOT / part).iterdir():
            (tmp_path / part / path.name).symlink_to(path)
    (tmp_path / "docs").mkdir()
    for table in (tool.TABLE, tool.SEED_TABLE):
        (tmp_path / table).symlink_to(ROOT / table)

    def check(name, change):
        path = tmp_path / name
        before = path.read_text()
        after = change(before)
        assert after != before
        for folder in reversed(path.relative_to(tmp_path).parents):
            folder = tmp_path / folder
            if folder.is_symlink():  # a folder of one's own in its place
                real = folder.resolve()
                folder.unlink()
                folder.mkdir()
                for each in real.iterdir():
                    (folder / each.name).symlink_to(each)
        path.unlink()
        path.write_text(after)
        return tool.check(tmp_path)

    return check


def row(table, id_):
    return re.search(rf"^\| {re.escape(id_)} \|.*\n", table, re.M)[0]


def put(old, new):
    def change(text):
        assert old in text, old
        return text.replace(old, new, 1)

    return change


def in_row(id_, old, new):
    """Cells 1 to 4: id, fact, state, tests; or a text of the row."""

    def change(table):
        before = row(table, id_)
        if isinstance(old, int):
            cells = before.split("|")
            cells[old] = f" {new} "
            return table.replace(before, "|".join(cells))
        assert old in before, before
        return table.replace(before, before.replace(old, new, 1))

    return change


def without(id_):
    return lambda table: table.replace(row(table, id_), "")


def twice(id_):
    return lambda table: table.replace(row(table, id_), row(table, id_) * 2)


def swapped(one, two):
    def change(table):
        first, second = row(table, one), row(table, two)
        return table.replace(first + second, second + first)

    return change


def test_the_table_as_it_is():
    assert tool.check(ROOT) == []


def test_each_kind_of_row_is_there():
    """Else the cases below would prove nothing."""
    kinds = {row.kind for row in tool.read_rows(ROOT, pytest.fail)}
    assert kinds == tool.NEED_TEST | tool.NEED_REASON


BROKEN = {
    # rows
    "a row is lost": (without("12-25"), "section 12: 24 rows, not 25"),
    "one in the middle is lost": (without("7.1-3"), "section 7.1: the ids are not"),
    "an id comes twice": (twice("3.13-1"), "section 3.13: the ids are not in order"),
    "two are swapped": (swapped("9-1", "9-2"), "section 9: the ids are not in order"),
    "a row too many": (
        in_row("3.13-1", "| 3.13-1 |", "| 3.13-1 | x | **does** | |\n| 3.13-2 |"),
        "section 3.13: 2 rows, not 1",
    ),
    "a row is in another section": (put("## 3.14 ", "### 3.14 "), "the sections are"),
    "a section is called otherwise": (put("## 5.3 ", "## 5.4 "), "the sections are"),
    "a cell is missing": (in_row("3.7-3", 3, "**does** | x"), "5 cells, not 4"),
    # tests
    "no test": (in_row("3.7-3", 4, ""), "3.7-3: there is no test"),
    "no test for what is otherwise": (in_row("3.8-3", 4, ""), "3.8-3: there is no test"),
    "no such test": (
        in_row("3.7-3", "::test_delete_session`", "::test_deletes_session`"),
        "no such test",
    ),
    "no such file": (in_row("3.7-3", "test_calls.py", "test_call.py"), "no such test"),
    "a helper is no test": (
        in_row("3.7-3", 4, "`tests/system/test_calls.py::compact`"),
        "neither file::test nor",
    ),
    "a fixture is no test": (
        in_row("3.7-3", 4, "`tests/system/conftest.py::gateway`"),
        "neither file::test nor",
    ),
    "no such C test": (in_row("3.2-8", 4, "`tests/unit/test_rate.c: x`"), "no such test"),
    "a C function that is no test": (
        in_row("3.2-8", 4, "`tests/unit/test_rate.c: classify`"),
        "no such test",
    ),
    "C in the manner of pytest": (
        in_row("3.2-8", ".c: ", ".c::"),
        "neither file::test nor",
    ),
    "a vague word": (in_row("3.7-3", 4, "see the tests"), "'see the tests' is no test"),
    "a word beside a test": (
        in_row("3.7-3", 4, "`tests/system/test_calls.py::test_delete_session`, more"),
        "'more' is no test",
    ),
    "a test twice": (
        in_row("3.13-1", 4, "`tests/system/test_calls.py::test_devices`, " * 2),
        "3.13-1: a test is named twice",
    ),
    # what trivet does
    "no word for it": (in_row("3.7-3", 3, "yes"), "does not begin with one of the words"),
    "another word": (in_row("3.7-3", 3, "**maybe**"), "does not begin with one of"),
    "no reason": (in_row("3.13-1", 3, "**left out**"), "3.13-1: there is no reason"),
    "hardly a reason": (in_row("3.4-7", 3, "**nothing to do**: see 3"), "there is no reason"),
    "no such switch": (
        in_row("5.3-3", "`signatures`", "`signature`"),
        "5.3-3: signature is no switch of core/profile.c",
    ),
    "no switch at all": (in_row("5.3-3", 3, "**switch**"), "5.3-3: which switch?"),
    "a question's other switch": (
        in_row("12-8", "`ipv6`", "`slashes`"),
        "12-8: names the switches ['slashes']",
    ),
    "a question without its switch": (in_row("12-18", 3, "**does**"), "12-18: names the"),
    "one of two switches": (in_row("12-2", " and `extend-cap`", ""), "12-2: names the"),
    "no such directive": (
        in_row("5.3-2", "`trivet_require_signature`", "`trivet_require`"),
        "5.3-2: trivet_require is no directive",
    ),
    "no such option": (in_row("12-12", "`--rate-limits`", "`--limits`"), "--limits is no"),
    "no setting at all": (in_row("12-12", 3, "**setting**"), "12-12: which setting?"),
    # texts, calls, limits
    "another text": (in_row("8.3-2", "is invalid.", "is wrong."), "is not in core/reason.c"),
    "half a text": (in_row("8.3-15", ' field "x".', ""), "is not in core/reason.c"),
    "a text of ours": (in_row("8.3-12", "Invalid value", "Bad value"), "is not in core/reason.c"),
    "another status": (in_row("8.3-14", "405 ", "404 "), "has another status"),
    "one that is left out, and is not": (
        in_row("8.3-7", 3, "**left out**: nobody has ever asked for it"),
        "is in core/reason.c",
    ),
    "no such call": (in_row("3.7-1", "DELETE /session/", "DELETE /sessions/"), "DELETE /sessions"),
    "a call without a row": (in_row("3.14-1", 2, "It fails"), "POST /server-error: in authority"),
    "another limit": (in_row("9-3", "2 in 3 s", "2 in 30 s"), "'PUT: 2 in 3 s': in core/rate.c"),
    "a limit that is none": (
        in_row("9-3", "2 in 3 s", "2 in 30 s"),
        "'PUT: 2 in 30 s': in section 9, not in core",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_table_is_found(tree, case):
    change, complaint = BROKEN[case]
    wrong = tree(tool.TABLE, change)
    assert any(complaint in line for line in wrong), wrong


ELSEWHERE = {
    "a test is renamed": (
        "tests/system/test_calls.py",
        put("def test_delete_session(", "def test_delete_a_session("),
        "::test_delete_session: no such test",
    ),
    "a test is skipped": (
        "tests/system/test_calls.py",
        put("def test_device_server_has", '@pytest.mark.skip("x")\ndef test_device_server_has'),
        "::test_device_server_has_an_id: no such test",
    ),
    "a C test is not handed to cmocka": (
        "tests/unit/test_binding.c",
        put("        WORLD_TEST(a_wildcard_wins_over_an_inactive_address),\n", ""),
        "a_wildcard_wins_over_an_inactive_address: no such test",
    ),
    "a C test is commented out": (
        "tests/unit/test_binding.c",
        put(
            "        WORLD_TEST(a_wildcard_wins_over_an_inactive_address),\n",
            "        /* WORLD_TEST(a_wildcard_wins_over_an_inactive_address), */\n",
        ),
        "a_wildcard_wins_over_an_inactive_address: no such test",
    ),
    "a C test is not built": (
        "mk/sources.mk",
        put("test_binding", ""),
        "mk/ does not build test_binding",
    ),
    "a text is changed": (
        "core/reason.c",
        put('"Route not found."', '"No such route."'),
        "8.3-13: 'Route not found.' is not in core/reason.c",
    ),
    "a status is changed": (
        "core/reason.c",
        put('{"json-invalid", 400', '{"json-invalid", 422'),
        "8.3-16: 'Invalid JSON.' has another status",
    ),
    "a switch is called otherwise": (
        "core/profile.c",
        put('{"sessions", {', '{"max-sessions", {'),
        "12-18: sessions is no switch",
    ),
    "a switch answers another question": (
        "core/profile.c",
        put('FIELD(slashes), "24"', 'FIELD(slashes), "25"'),
        "12-25: names the switches []; core/profile.c has ['slashes']",
    ),
    "a switch more": (
        "core/profile.c",
        put(
            '    {"slashes", {',
            '    {"moon", {"new"}, FIELD(moon), "", "x"},\n    {"slashes", {',
        ),
        "the switch moon is in no row",
    ),
    "a limit is changed": (
        "core/rate.c",
        put('"POST", 1, 30', '"POST", 2, 30'),
        "'session-server: 2 in 30 s': in core/rate.c",
    ),
    "a call more": (
        "authority/calls.c",
        put(
            '    {"POST",   "/v1/server-error"',
            '    {"GET",    CREDENTIALS "/{id}/x", {SESSION},\n    {"POST",   "/v1/server-error"',
        ),
        "GET /user/{id}/credential-password-ip/{id}/x: in authority/calls.c",
    ),
    "a directive is gone": (
        "gateway/module.c",
        put('ngx_string("trivet_psp_ca")', 'ngx_string("trivet_roots")'),
        "3.11-11: trivet_psp_ca is no directive",
    ),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_what_changes_elsewhere_is_found(tree, case):
    name, change, complaint = ELSEWHERE[case]
    wrong = tree(name, change)
    assert any(complaint in line for line in wrong), wrong


def test_the_command(tree, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("TRIVET_SEEDS", "/nonexistent")
    monkeypatch.setattr("sys.argv", ["check-coverage", str(ROOT)])
    assert tool.main() == 0
    assert capsys.readouterr().out == "seedless\n"
    tree(tool.TABLE, without("12-25"))
    monkeypatch.setattr("sys.argv", ["check-coverage", str(tmp_path)])
    assert tool.main() == 1
    assert "24 rows, not 25" in capsys.readouterr().out
