# SPDX-License-Identifier: Apache-2.0
"""tools/check-coverage on docs/seed-coverage.md: each sentence has a row, each row a test"""
import pytest

from loading import ROOT, load

tool = load(ROOT / "tools/check-coverage")

SEED = """# A Title

The gate is *locked* at night. Nobody comes in, not even the owner.

* A [guest](https://example.org/a_b) must knock,&#x20;
* and wait.

{% hint %}
1. Say `a_b *` \\(a password\\). Then pass!
{% endhint %}

<table><tbody><tr><td>One</td><td>two</td></tr><tr><td>Three</td></tr></tbody></table>
"""
SENTENCES = [
    "The gate is locked at night.",
    "Nobody comes in, not even the owner.",
    "A guest must knock,",
    "and wait.",
    "Say a_b * (a password).",
    "Then pass!",
    "One two",
    "Three",
]
TEST = "`tests/system/test_calls.py::test_delete_session`"


@pytest.fixture
def check(tmp_path, monkeypatch):
    """check(change): what is said of a good table and one seed, when changed."""
    root = tmp_path / "root"
    (root / "docs").mkdir(parents=True)
    for part in ("tests", "mk"):
        (root / part).symlink_to(ROOT / part)
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    (seeds / "000.txt").write_text(SEED)
    monkeypatch.setenv("TRIVET_SEEDS", str(seeds))

    def run(change=lambda table: table, seed=SEED):
        rows = [
            f"| A-{n} | {text[:20].replace('a_b *', '`a_b *`')} | **does**: what it says | {TEST} |\n"
            for n, text in enumerate(SENTENCES, 1)
        ]
        (root / tool.SEED_TABLE).write_text(change("".join(rows)))
        (seeds / "000.txt").write_text(seed)
        tool.read.cache_clear()
        said = []
        word = tool.check_seeds(root, said.append)
        return word, said

    return run


def test_a_seed_is_taken_apart_into_its_sentences():
    assert list(tool.sentences(SEED)) == SENTENCES


def test_the_table_as_it_is():
    said = []
    tool.check_seeds(ROOT, said.append)
    assert said == []


def test_a_good_table_is_good(check):
    assert check() == (None, [])


def without(n):
    return lambda table: "".join(
        line for line in table.splitlines(True) if not line.startswith(f"| A-{n} ")
    )


def put(old, new):
    def change(table):
        assert old in table
        return table.replace(old, new, 1)

    return change


@pytest.mark.parametrize(
    "change, complaint",
    [
        (without(1), "A-1: no row for 'The gate is locked at night.'"),
        (without(8), "A-8: no row for 'Three'"),
        (put(TEST, ""), "A-1: there is no test"),
        (put(TEST, "see the tests"), "A-1: there is no test"),
        (put("test_delete_session", "test_delete"), "no such test"),
        (put("test_calls.py::", "test_call.py::"), "no such test"),
        (put("**does**: what it says", "yes"), "A-1: what makes it true?"),
        (put("The gate is locked a", "The gate is open at"), "A-1: 'The gate is open at'"),
        (put("The gate is locked a", "The"), "A-1: 'The' does not begin"),
        (put("| A-2 |", "| A-1 |"), "A-2: no row for"),
        (put("| A-3 |", "| A-9 |"), "the ids are not those of the sentences"),
        (lambda table: table + table.splitlines(True)[0], "the ids are not those"),
        (put(" | **does**", " **does**"), "A-1: 3 cells, not 4"),
        (lambda table: "", "A-1: no row for"),
    ],
)
def test_a_broken_table_is_found(check, change, complaint):
    word, said = check(change)
    assert word is None
    assert any(complaint in line for line in said), said


def test_a_sentence_more_is_found(check):
    _, said = check(seed=SEED + "\nA sentence of today.\n")
    assert said == ["A-9: no row for 'A sentence of today.'"]


def test_without_the_seeds_one_word_is_said(check, monkeypatch, capsys):
    monkeypatch.setenv("TRIVET_SEEDS", "/nonexistent")
    assert check() == ("seedless", [])
    word, said = check(put(TEST, ""))
    assert word == "seedless" and said == ["A-1: there is no test"]
    monkeypatch.setattr("sys.argv", ["check-coverage", str(ROOT)])
    assert tool.main() == 0
    assert capsys.readouterr().out == "seedless\n"
