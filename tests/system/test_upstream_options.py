# SPDX-License-Identifier: Apache-2.0
"""The options of trivet serve for an API: what is shown, refused, understood"""
import pytest

from gateway import Gateway, run
from nginx import HTTP2
from serving import print_config


# ---- options ------------------------------------------------------------------


def test_print_config_shows_it_and_starts_nothing(tmp_path, upstream):
    text = print_config(tmp_path, "--upstream", upstream.url, "--port", "1234")
    by_word, by_directive = HTTP2
    assert f"listen 127.0.0.1:1234 ssl{by_word};" in text
    assert ("        http2 on;\n" in text) == bool(by_directive)
    assert f"server 127.0.0.1:{upstream.port};" in text
    assert "trivet_sandbox off;" in text
    assert text.count("{") == text.count("}")


def test_print_config_is_what_runs(serve, upstream):
    gateway = serve("--sandbox", "--upstream", upstream.url, "--max-body", "5m")
    done = run(
        *("serve", "--print-config", "--data", gateway.data, "--port", gateway.port),
        *gateway.options,
    )
    assert done.stdout == (gateway.data / "nginx.conf").read_text()
    assert done.stderr == ""


def test_print_config_refuses_what_a_start_would(tmp_path):
    done = run("serve", "--print-config", "--data", tmp_path / "none", "--profile", "x")
    assert done.returncode != 0 and done.stdout == ""


ONE = "http://127.0.0.1:1"
BAD = [
    ["--upstream", "http://127.0.0.1:0"],
    ["--upstream", "http://a b/"],
    ["--upstream", "http://127.0.0.1:1/a;b"],
    ["--upstream", "http://127.0.0.1:1/'a"],
    ["--upstream", 'http://127.0.0.1:1/"a'],
    ["--upstream", "http://127.0.0.1:1/$uri"],
    ["--upstream", "http://127.0.0.1:1/{a}"],
    ["--upstream", "http://127.0.0.1:1/a\\b"],
    ["--upstream", "http://127.0.0.1:1/?a=b"],
    ["--upstream", "http://127.0.0.1:1/#a"],
    ["--upstream", "http://me:pw@127.0.0.1:1/"],
    ["--upstream", "http://a$b/"],
    ["--upstream", "http://a'b/"],
    ["--upstream", "http://-a/"],
    ["--upstream", "http://[::1%25lo]/"],
    ["--upstream", "http://[::g]/"],
    ["--upstream", ONE, "--upstream", "https://127.0.0.1:1"],
    ["--upstream", ONE + "/a", "--upstream", ONE + "/b"],
    ["--upstream", "https://a.invalid", "--upstream", "https://b.invalid"],
    [word for i in range(1, 18) for word in ("--upstream", f"http://127.0.0.1:{i}")],
    ["--trusted-proxy", "nonsense"],
    ["--trusted-proxy", ""],
    ["--trusted-proxy", "10.0.0.0/33"],
    ["--trusted-proxy", "10.0.0.0/-1"],
    ["--trusted-proxy", "10.0.0.0/"],
    ["--trusted-proxy", "10.0.0/8"],
    ["--trusted-proxy", "fd00::/129"],
    ["--trusted-proxy", "all; daemon on"],
    ["--trusted-proxy", "10.0.0.0/8;"],
    ["--trusted-proxy", "localhost"],
    ["--trusted-proxy", "unix:"],
    ["--proxy-protocol"],
    ["--max-header", "0"],
    ["--max-header", "8k;"],
    ["--max-header", "2m"],
    ["--max-header", "-1"],
    ["--max-header", "8kk"],
    ["--max-body", ""],
    ["--max-body", "k"],
    ["--max-body", "99999999999999999999"],
    ["--max-body", "9999999999999999g"],
    ["--max-answer-header", "1.5k"],
    ["--max-answer", "0x10"],
    ["--connect-timeout", "0"],
    ["--connect-timeout", "2h"],
    ["--answer-timeout", "1d"],
    ["--answer-timeout", "1 s"],
    ["--answer-timeout", "25h"],
    ["--answer-timeout", "60s; daemon on"],
]


@pytest.mark.parametrize("options", BAD, ids=lambda words: " ".join(words)[:60])
def test_a_bad_value_is_refused_in_words(tmp_path, options):
    done = run("serve", "--port", "0", "--data", tmp_path / "data", *options)
    assert done.returncode > 0 and done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if line]
    assert 1 <= len(lines) <= 2 and lines[0].startswith("trivet"), done.stderr
    assert options[0] in lines[0], lines
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "given, meant",
    [
        ("192.0.2.1", "192.0.2.1/32"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("FD00:0::1", "fd00::1/128"),
        ("fd12:3456::/17", "fd12::/17"),
    ],
)
def test_networks_are_taken_in_any_form(tmp_path, given, meant):
    text = print_config(tmp_path, "--trusted-proxy", given)
    assert f"set_real_ip_from {meant};" in text


@pytest.mark.parametrize(
    "option, given, line",
    [
        ("--max-header", "16k", "large_client_header_buffers 4 16384;"),
        ("--max-body", "1G", "client_max_body_size 1073741824;"),
        ("--max-body", "2048", "client_max_body_size 2048;"),
        ("--max-answer-header", "4k", "proxy_buffer_size 4096;"),
        ("--max-answer", "1m", "trivet_answer_limit 1048576;"),
        ("--connect-timeout", "250ms", "proxy_connect_timeout 250ms;"),
        ("--answer-timeout", "2m", "proxy_read_timeout 120000ms;"),
        ("--answer-timeout", "7", "proxy_read_timeout 7000ms;"),
    ],
)
def test_limits_are_taken_with_and_without_units(tmp_path, option, given, line):
    assert line in print_config(tmp_path, "--upstream", ONE, option, given)


def test_every_extreme_starts(tmp_path):
    """nginx must take what the options allow."""
    for header, answer in (("1k", "1k"), ("1m", "1m")):
        options = ["--max-header", header, "--max-answer-header", answer]
        options += ["--max-body", "16g", "--max-answer", "16g", "--upstream", ONE]
        with Gateway(tmp_path / header, *options):
            pass
