# SPDX-License-Identifier: Apache-2.0
"""conftest.py - how much of a table is run: all of it, or a sample

Many tests are tables: one function, one row for each case. `--rows N` runs at
most N rows of each, spread evenly and always the same ones. `./test` uses it;
`./test --long` runs every row.
"""
import signal

# A shell starts what runs in its background with SIGINT ignored, and so would be
# all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption("--rows", type=int, metavar="N",
                     help="run at most N rows of each parametrised test")


def sample(count, wanted):
    """Which of `count` rows: the first, the last, and some between."""
    if count <= wanted:
        return set(range(count))
    if wanted == 1:
        return {0}
    return {round(n * (count - 1) / (wanted - 1)) for n in range(wanted)}


def put_long_files_first(items):
    """At the end of a run nobody waits for a long test that began last."""
    long_files = {item.path for item in items if item.get_closest_marker("long")}
    items.sort(key=lambda item: item.path not in long_files)


def pytest_collection_modifyitems(config, items):
    put_long_files_first(items)
    wanted = config.getoption("--rows")
    if not wanted:
        return
    tables = {}
    for item in items:
        name = getattr(item, "originalname", item.name)
        tables.setdefault((item.path, item.cls, name), []).append(item)
    kept = set()
    for rows in tables.values():
        kept.update(rows[n] for n in sample(len(rows), wanted))
    config.hook.pytest_deselected(items=[i for i in items if i not in kept])
    items[:] = [item for item in items if item in kept]
