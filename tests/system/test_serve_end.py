# SPDX-License-Identifier: Apache-2.0
"""trivet serve: its end, and the end of its processes"""
import os
import signal
import socket
import time

import pytest

import bunq
from gateway import Gateway, wait_until


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_nginx_and_all_its_workers(serve, number):
    gateway = serve()
    bunq.ready(gateway)
    pids = gateway.processes()
    assert len(pids) >= 2
    assert gateway.stop(number) == 0
    assert gateway.is_gone(timeout_s=2)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", gateway.port), timeout=5)


def test_ctrl_c_reaches_the_whole_group(serve):
    """A terminal sends SIGINT to every process of the foreground."""
    gateway = serve()
    os.killpg(gateway.process.pid, signal.SIGINT)
    assert gateway.process.wait(20) == 0
    assert gateway.is_gone(timeout_s=2)


def test_signal_ends_it_though_connections_are_open(serve):
    gateway = serve()
    with bunq.Wire(gateway) as idle, bunq.Wire(gateway) as half:
        half.send(b"POST /v1/installation HTTP/1.1\r\nHost: x\r\nContent-Le")
        idle.request("GET", "/v1/user")
        idle.answer()
        begin = time.monotonic()
        gateway.stop()
        assert time.monotonic() - begin < 10
    assert gateway.is_gone(timeout_s=2)


@pytest.mark.parametrize("delay_s", [0.0, 0.05, 0.15, 0.3])
def test_signal_during_the_start_leaves_nothing_half_made(tmp_path, delay_s):
    gateway = Gateway(tmp_path / "data").spawn()
    time.sleep(delay_s)
    gateway.process.send_signal(signal.SIGTERM)
    gateway.process.wait(20)
    gateway.process.stdout.close()
    assert gateway.is_gone()
    with Gateway(tmp_path / "data") as again:
        bunq.ready(again)


def test_kill_of_serve_ends_nginx(serve):
    gateway = serve()
    gateway.may_crash = True
    os.kill(gateway.process.pid, signal.SIGKILL)
    gateway.process.wait(20)
    assert gateway.is_gone(timeout_s=10)
    gateway.start()
    bunq.ready(gateway)


def test_kill_of_the_nginx_master_ends_serve_and_workers(serve):
    gateway = serve()
    gateway.may_crash = True
    os.kill(gateway.nginx_master(), signal.SIGKILL)
    assert gateway.process.wait(20) != 0
    assert gateway.is_gone(timeout_s=10)
    gateway.start()
    bunq.ready(gateway)


def test_kill_of_a_worker_is_survived(serve):
    gateway = serve()
    gateway.may_crash = True
    client = bunq.ready(gateway)
    workers = gateway.nginx_workers()
    assert workers
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: gateway.nginx_workers() - workers)
    client.close()
    assert client.from_address(None).is_alive()
