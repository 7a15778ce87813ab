# SPDX-License-Identifier: Apache-2.0
"""--config: the options of trivet serve and trivet proxy from a file"""
import pytest

from gateway import run

TEXT = """\
# a comment

port 9443
  listen\t::1\t
upstream http://127.0.0.1:8000/a b
metrics
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "gateway.conf"
        path.write_text(text)
        return path
    return write


def serve(tmp_path, *options, **env):
    return run("serve", "--print-config", "--data", tmp_path / "data", *options, env=env)


def test_each_line_is_an_option(tmp_path, file):
    path = file(TEXT.replace("/a b", "/a"))
    for words in (["--config", path], [f"--config={path}"]):
        done = serve(tmp_path, *words)
        assert done.returncode == 0, done
        assert "listen [::1]:9443 ssl" in done.stdout
        assert "127.0.0.1:8000" in done.stdout and "/metrics" in done.stdout
    plain = serve(tmp_path).stdout
    assert "127.0.0.1:8443" in plain and "/metrics" not in plain


def test_a_value_goes_to_the_end_of_the_line(tmp_path, file):
    done = serve(tmp_path, "--config", file(TEXT))
    assert done.returncode != 0 and "/a b" in done.stderr, done


def test_the_command_line_wins(tmp_path, file):
    path = file("port 9443\n")
    for words in (["--port", "9444", "--config", path], ["--config", path, "--port", "9444"]):
        done = serve(tmp_path, *words)
        assert "127.0.0.1:9444 ssl" in done.stdout and "9443" not in done.stdout


@pytest.mark.parametrize("line, word", [
    ("--port 1", 'gateway.conf:2: no option "--port"'),
    ("port=1", 'no option "port=1"'),
    ("config other", 'no option "config"'),
    ("port", "gateway.conf:2: port needs a value"),
    ("metrics on", "metrics has no value"),
])
def test_a_wrong_line_is_refused(tmp_path, file, line, word):
    done = serve(tmp_path, "--config", file(f"metrics\n{line}\n"))
    assert done.returncode == 2 and word in done.stderr, done


def test_a_file_that_is_not_there_is_refused(tmp_path):
    done = serve(tmp_path, "--config", tmp_path / "none")
    assert done.returncode == 2 and "none: No such file" in done.stderr, done


def test_an_abbreviation_is_not_half_obeyed(tmp_path, file):
    done = serve(tmp_path, "--confi", file("port 9443\n"))
    assert done.returncode == 2 and "in full" in done.stderr, done


def test_credentials_of_the_service(tmp_path, file):
    (tmp_path / "given.pem").write_text("no key")
    path = file("tls-cert $CREDENTIALS_DIRECTORY/given.pem\n"
                "tls-key $CREDENTIALS_DIRECTORY/missing.pem\n")
    done = serve(tmp_path, "--config", path, CREDENTIALS_DIRECTORY=str(tmp_path))
    assert f"{tmp_path}/missing.pem: No such file" in done.stderr, done
    done = serve(tmp_path, "--config", path)
    assert "$CREDENTIALS_DIRECTORY/given.pem: No such file" in done.stderr, done


def test_the_proxy_has_it_too(tmp_path, file):
    done = run("proxy", "--config", file("listen 192.0.2.1:80\n"))
    assert "192.0.2.1:80: not a loopback address" in done.stderr, done
