# SPDX-License-Identifier: Apache-2.0
"""storm.py - many at once"""
import threading


def storm(n, fn, meanwhile=None):
    """Calls fn(0) to fn(n - 1) at once, each on a thread of its own, which waits
    until all n are there. meanwhile() is called on this thread once they have
    begun. Returns their n results in the order of their numbers; when all have
    ended, raises what the first of them has raised."""
    barrier = threading.Barrier(n + 1)
    results, faults = [None] * n, [None] * n

    def work(number):
        barrier.wait()
        try:
            results[number] = fn(number)
        except BaseException as fault:  # noqa: BLE001 (raised below)
            faults[number] = fault

    threads = [threading.Thread(target=work, args=(number,)) for number in range(n)]
    for thread in threads:
        thread.start()
    barrier.wait()
    try:
        if meanwhile:
            meanwhile()
    finally:
        for thread in threads:
            thread.join()
    for fault in faults:
        if fault is not None:
            raise fault
    return results
