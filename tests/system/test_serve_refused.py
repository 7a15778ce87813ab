# SPDX-License-Identifier: Apache-2.0
"""trivet serve: what must not start says so and leaves nothing"""
import os
import socket
import subprocess

import pytest

import bunq
from gateway import TRIVET, Gateway, NotReady, environment
from serving import assert_one_clear_line, refuse

BAD_OPTIONS = [
    ["--nonsense"],
    ["--profile", "nonsense"],
    ["--profile", ""],
    ["--profile"],
    ["--session-timeout", "0"],
    ["--session-timeout", "-5"],
    ["--session-timeout", "abc"],
    ["--session-timeout", ""],
    ["--session-timeout", "2147484"],
    ["--session-timeout", "99999999999999999999"],
    ["--api-key-lifetime", "abc"],
    ["--api-key-lifetime", "-1"],
    ["--listen", "nonsense"],
    ["--listen", "1.2.3.4.5"],
    ["--listen", "127.0.0.1; daemon on"],
    ["--listen", ""],
    ["--listen", "192.0.2.77"],  # not an address of this machine
    ["superfluous"],
]


@pytest.mark.parametrize("options", BAD_OPTIONS, ids=" ".join)
def test_bad_option_is_refused(tmp_path, options):
    # an option that there is not is told of with a hint at --help
    refuse(tmp_path, *options, num_lines=2)


@pytest.mark.parametrize("port", ["abc", "-1", "65536", "99999999999", "1 2", ""])
def test_bad_port_is_refused(tmp_path, port):
    refuse(tmp_path, port=port, num_lines=2)


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "ftp://127.0.0.1/",
        "http://",
        "http:///path",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:port",
        "http://127.0.0.1:1/;}",
        "http://127.0.0.1:1 http://127.0.0.1:2",
        "http://127.0.0.1:1/\ndaemon on;",
        "http://$host",
        "unix:/tmp/x",
        "",
    ],
)
def test_bad_upstream_url_is_refused(tmp_path, url):
    refuse(tmp_path, "--upstream", url)


# ---- what must not start -----------------------------------------------------


def test_port_in_use_is_refused(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refusal = refuse(tmp_path, port=taken.getsockname()[1])
        assert str(taken.getsockname()[1]) in refusal.stderr
    with Gateway(tmp_path / "data") as again:  # nothing half-made is in the way
        bunq.ready(again)


def test_port_of_another_gateway_is_refused_and_that_one_lives(tmp_path, bystander):
    refuse(tmp_path, port=bystander.port)
    assert bystander.is_answering()


def test_second_gateway_on_the_same_data_does_no_harm(serve):
    """It is refused, or both work; the first one lives in any case."""
    gateway = serve()
    client = bunq.ready(gateway)
    second = Gateway(gateway.data)
    try:
        second.start()
    except NotReady as refusal:
        assert_one_clear_line(refusal)
    else:
        bunq.ready(second)
        second.stop()
    assert client.is_alive()


@pytest.mark.parametrize("place", ["file", "below-a-file", "proc", "missing-parent"])
def test_impossible_data_directory_is_refused(tmp_path, place):
    (tmp_path / "file").write_text("precious")
    data = {
        "file": tmp_path / "file",
        "below-a-file": tmp_path / "file" / "data",
        "proc": "/proc/trivet-test",
        "missing-parent": tmp_path / ("x" * 300),
    }[place]
    result = subprocess.run(
        [TRIVET, "serve", "--port", "0", "--data", data],
        capture_output=True,
        text=True,
        timeout=30,
        env=environment(),
    )
    assert_one_clear_line(result)
    assert (tmp_path / "file").read_text() == "precious"


def _is_root_with_nobody():
    """Whether we may become nobody, and nobody may run the build."""
    if os.getuid() != 0:
        return False
    try:
        result = subprocess.run(
            [TRIVET, "--version"], user=65534, group=65534, capture_output=True
        )
        return result.returncode == 0
    except OSError:
        return False


def test_unwritable_data_directory_is_refused(tmp_path):
    options = {}
    if os.getuid() == 0:
        if not _is_root_with_nobody():
            pytest.skip("root, to whom everything is writable")
        options = {"user": 65534, "group": 65534, "extra_groups": []}
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o555)
    result = subprocess.run(
        [TRIVET, "serve", "--port", "0", "--data", data],
        capture_output=True,
        text=True,
        timeout=30,
        env=environment(),
        **options,
    )
    assert_one_clear_line(result)
    assert os.listdir(data) == []


def test_runs_as_an_ordinary_user(tmp_path):
    if os.getuid() != 0:
        pytest.skip("all other tests show it")
    if not _is_root_with_nobody():
        pytest.skip("nobody may not enter the build folder")
    import tempfile

    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chown(folder, 65534, 65534)
        process = subprocess.Popen(
            [TRIVET, "serve", "--port", "0", "--data", f"{folder}/data"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(HOME=folder),
            cwd=folder,
            user=65534,
            group=65534,
            extra_groups=[],
        )
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("next: "):
                break
        process.terminate()
        _, stderr = process.communicate(timeout=20)
        assert any(line.startswith("ready: ") for line in lines), stderr


@pytest.mark.parametrize("bits", [0o644, 0o640, 0o604, 0o660])
def test_loose_server_key_is_refused(tmp_path, bits):
    with Gateway(tmp_path / "data"):
        pass
    (tmp_path / "data/server.pem").chmod(bits)
    refusal = refuse(tmp_path)
    assert "server.pem" in refusal.stderr
    (tmp_path / "data/server.pem").chmod(0o600)
    with Gateway(tmp_path / "data") as again:
        assert again.is_answering()


@pytest.mark.parametrize("content", ["", "garbage\n", "ec"])
def test_broken_server_key_is_refused_and_kept(tmp_path, content):
    """A new key in its place would break every installation."""
    with Gateway(tmp_path / "data"):
        pass
    if content == "ec":
        content = (tmp_path / "data/tls.key").read_text()
    path = tmp_path / "data/server.pem"
    path.write_text(content)
    refusal = refuse(tmp_path)
    assert "server.pem" in refusal.stderr
    assert path.read_text() == content


def test_broken_store_is_refused_and_kept(tmp_path):
    with Gateway(tmp_path / "data"):
        pass
    for name in ("trivet.db-wal", "trivet.db-shm"):
        (tmp_path / "data" / name).unlink(missing_ok=True)
    path = tmp_path / "data/trivet.db"
    path.write_bytes(b"this is not a database at all " * 200)
    refusal = refuse(tmp_path)
    assert "trivet.db" in refusal.stderr
    assert path.read_bytes().startswith(b"this is not")


def refused_serve(*args):
    """`trivet serve` that must not start: its status and what it says."""
    done = subprocess.run(
        [TRIVET, "serve", "--port", "0", *map(str, args)],
        capture_output=True, text=True, timeout=60, check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("url", ["bogus:x", "sqlite:/tmp/a;b", 'sqlite:/tmp/a"b'])
def test_a_store_url_that_cannot_be_leaves_nothing_behind(tmp_path, url):
    status, said = refused_serve("--data", tmp_path / "data", "--store", url)
    assert status == 2 and "--store" in said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_data_directory_that_others_may_write_is_refused(tmp_path, mode):
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(mode)
    status, said = refused_serve("--data", data)
    assert status == 2 and "no others' to write" in said
    assert list(data.iterdir()) == []
