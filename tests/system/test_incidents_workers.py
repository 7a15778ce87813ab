# SPDX-License-Identifier: Apache-2.0
"""Incidents: all workers follow, and restarts and deaths end none"""
import time

import pytest

import bunq
from gateway import run
from incidents import NAMES, states, switch, took


# ---- workers, restarts, deaths -----------------------------------------------


@pytest.mark.long
def test_all_workers_follow_at_once(serve):
    gateway = serve()
    number = 8 * len(gateway.nginx_workers())

    def statuses():
        found = set()
        for _ in range(number):
            with bunq.Wire(gateway) as wire:
                found.add(wire.request("GET", "/v1/user").answer().status)
        return found

    for _ in range(3):
        switch(gateway, "429-unsigned", "on")
        assert statuses() == {429}
        switch(gateway, "429-unsigned", "off")
        assert statuses() == {401}


@pytest.mark.parametrize("name", NAMES)
def test_a_restart_with_an_incident_on(serve, name):
    gateway = serve()
    switch(gateway, name, "on", *(("--seconds", 300) if name == "slow" else ()))
    assert gateway.stop() == 0
    begin = time.monotonic()
    gateway.start()
    assert time.monotonic() - begin < 20
    assert f"the incident {name} is on" in gateway.stderr()
    assert states(gateway)[name] == "on"
    switch(gateway, name, "off")
    assert gateway.is_answering()
    bunq.ready(gateway)


@pytest.mark.long
def test_they_outlive_kill_9_and_a_reload(serve):
    gateway = serve()
    gateway.may_crash = True
    client = bunq.ready(gateway)
    switch(gateway, "ip-flip", "on")
    gateway.kill_all()
    gateway.process.wait(20)
    gateway.start()
    client.http = bunq.make_session(gateway)
    assert client.get("/v1/user").reason == "ip-not-permitted"
    run("server-key", "rotate", "--data", gateway.data, check=True)
    client.http = bunq.make_session(gateway)
    assert client.get("/v1/user").reason == "ip-not-permitted"
    switch(gateway, "ip-flip", "off")
    assert client.is_alive()


def test_the_end_does_not_wait_for_who_is_slow(serve):
    gateway = serve()
    switch(gateway, "slow", "on", "--seconds", 300)
    wire = bunq.Wire(gateway).request("GET", "/v1/user")
    begin = time.monotonic()
    assert gateway.stop() == 0
    assert time.monotonic() - begin < 15
    wire.close()


def test_an_error_page_is_no_request_that_waits_again(serve):
    gateway = serve()
    switch(gateway, "slow", "on", "--seconds", 1)
    assert took(lambda: bunq.Client(gateway).get("/v1/user/%00")) < 1.9
