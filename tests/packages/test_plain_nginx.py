# SPDX-License-Identifier: Apache-2.0
"""The module in nginx as its makers publish it, by their way: --add-dynamic-module"""
import os
import subprocess

import pytest

from machine import OURS, ROOT, run

pytestmark = pytest.mark.long

WITH = ["--with-compat", "--with-threads", "--with-http_ssl_module", "--with-http_v2_module",
        "--with-http_realip_module"]


# Of our release, of the next one, and the newest that Debian has.
@pytest.fixture(scope="module", params=[OURS, "trixie", "unstable"])
def source(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nginx")
    done = run(ROOT / "tools/fetch-nginx-source", request.param, folder, check=False)
    if done.returncode != 0 and request.param != OURS:
        pytest.skip(done.stderr)  # an archive that has its list may not have it
    assert done.returncode == 0, done
    return folder


def configure(source, *options):
    return run("./configure", f"--prefix={source}/installed", *options, cwd=source, check=False)


def test_without_threads_it_says_what_is_missing(source):
    for addon in ("gateway", "sidecar/module"):
        done = configure(source, f"--add-dynamic-module={ROOT / addon}")
        assert done.returncode == 1, done
        assert "needs threads: configure nginx --with-threads" in done.stderr


def test_it_is_built_and_serves(source, tmp_path):
    done = configure(source, *WITH, f"--add-dynamic-module={ROOT / 'gateway'}",
                     f"--add-dynamic-module={ROOT / 'sidecar/module'}")
    assert done.returncode == 0, done
    run("make", "-s", f"-j{os.cpu_count()}", cwd=source)
    objects = source / "objs"
    assert (objects / "ngx_http_trivet_proxy_module.so").is_file()

    command = ROOT / "build/release/trivet"
    environment = {**os.environ, "TRIVET_NGINX": str(objects / "nginx"),
                   "TRIVET_MODULE": str(objects / "ngx_http_trivet_module.so")}
    with subprocess.Popen([command, "serve", "--data", tmp_path / "data", "--port", "0"],
                          env=environment, stdout=subprocess.PIPE, text=True) as serving:
        url = ""
        for line in serving.stdout:
            if line.startswith("ready: "):
                url = line.split()[1]
            if line.startswith("next: "):
                break
        done = run("sh", ROOT / "examples/handshake.sh", url, tmp_path / "data/ca.pem", check=False)
        serving.terminate()
    assert "every answer's signature was right" in done.stdout, done
