# SPDX-License-Identifier: Apache-2.0
"""Clients that others wrote, unmodified, against profile current"""
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import bunq
from gateway import BUILD, Gateway

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("TRIVET_SHARED", HERE.parents[2] / "shared"))
POSTMAN = SHARED / "postman/requests.json"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    data = tmp_path_factory.mktemp("clients") / "data"
    with Gateway(data, "--profile", "current") as started:
        yield started


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    """The same, with the rate limits that it comes with."""
    data = tmp_path_factory.mktemp("limited") / "data"
    with Gateway(data, "--profile", "current", rate_limits=None) as started:
        yield started


@pytest.fixture(scope="module")
def node_modules():
    """npm's packages, installed once for all runs."""
    if shutil.which("npm") is None:
        pytest.skip("no npm")
    home = BUILD.parent / "npm"
    if not (home / "node_modules/@bunq-community").exists():
        home.mkdir(exist_ok=True)
        shutil.copy(HERE / "clients/package.json", home)
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=home, capture_output=True, text=True, timeout=300, check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return home / "node_modules"


@pytest.mark.parametrize("kind", ["gateway", "limited"])
def test_bunq_js_client(request, kind, node_modules):
    gateway = request.getfixturevalue(kind)
    done = subprocess.run(
        ["node", HERE / "clients/bunq-js-client.js",
         f"https://localhost:{gateway.port}"],
        env={
            **os.environ,
            "NODE_PATH": str(node_modules),
            "NODE_EXTRA_CA_CERTS": str(gateway.data / "ca.pem"),
        },
        capture_output=True, text=True, timeout=120, check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert re.fullmatch(r"sandbox_[0-9a-f]{56}", said["key"])
    assert said["type"] == "UserPerson"
    assert said["accounts"][0]["MonetaryAccountBank"]["status"] == "ACTIVE"
    assert said["banks"] and isinstance(said["credentials"], (list, dict))


NOTHING = '{"Response": []}'
MADE = '{"Response": [{"Id": {"id": {{id}}}}]}'
ACCOUNT = "user/_/monetary-account/_"
EXAMPLES = HERE.parents[1] / "examples/answers"


@pytest.fixture(scope="module")
def answering(tmp_path_factory):
    """With answers from files: the examples, and what else the collection asks
    for."""
    folder = tmp_path_factory.mktemp("answers") / "more"
    files = {f"{ACCOUNT}/{name}/POST.json": MADE for name in (
        "draft-payment", "schedule-payment", "schedule-payment-batch",
        "customer-statement")}
    files |= {f"{name}/GET.json": NOTHING for name in (
        f"{ACCOUNT}/draft-payment", f"{ACCOUNT}/schedule",
        f"{ACCOUNT}/schedule-payment", f"{ACCOUNT}/customer-statement",
        f"{ACCOUNT}/payment/_/note-attachment", "user/_/invoice",
        "user/_/invoice/_/pdf-content", "user/_/attachment/_/content",
        "user/_/event", "user/_/tree-progress")}
    files |= {f"user/_/{name}/POST.json": MADE for name in (
        "monetary-account-bank", "monetary-account-savings")}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    data = tmp_path_factory.mktemp("answering") / "data"
    with Gateway(data, "--profile", "current", "--answers", EXAMPLES,
                 "--answers", folder) as started:
        yield started


class Postman:
    """What the collection keeps between its requests, and how it fills them in."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.http = bunq.make_session(gateway)
        self.key = bunq.key(0)
        self.values = {
            "host": f"https://localhost:{gateway.port}",
            "request_id": "1",
            "geolocation": "0 0 0 0 000",
            "public_key_client_fmt": bunq.public_pem(self.key).replace("\n", "\\n"),
            "payment_id": "1",
            "invoice_id": "1",
            "attachment_id": "1",
            "signature": "",
        }

    def fill(self, text):
        return re.sub(
            r"\{\{(\w+)\}\}", lambda m: str(self.values.get(m[1], "")), text
        )

    def send(self, request):
        body = self.fill(request["body"]).encode()
        if request["signs"] == "body":
            self.values["signature"] = bunq.sign(self.key, body)
        elif request["signs"].startswith("method"):
            self.values["signature"] = bunq.sign(self.key, b"the old way" + body)
        headers = {
            header["key"]: self.fill(header["value"])
            for header in request["headers"]
            if not header.get("disabled")
        }
        answer = bunq.from_requests(
            self.http.request(
                request["method"], self.fill(request["url"]), data=body,
                headers=headers, timeout=30, allow_redirects=False,
            )
        )
        if "X-Bunq-Client-Request-Id" in headers:
            assert answer.header("X-Bunq-Client-Request-Id") == "1"
        return answer


@pytest.mark.skipif(not POSTMAN.exists(), reason=f"no {POSTMAN}")
def test_the_requests_of_the_postman_collection(answering):
    """All of them, as the collection sends them: none is refused for its
    signature, its headers or its token. OAuth's two go to another host."""
    requests = json.loads(POSTMAN.read_text())["requests"]
    assert len(requests) == 31
    postman = Postman(answering)

    for request in requests:
        if not request["url"].startswith("{{host}}"):
            continue
        answer = postman.send(request)
        assert answer.status == 200, (request["name"], answer)
        if "sandbox user (person)" in request["name"]:
            postman.values["api_key"] = answer.element("ApiKey")["api_key"]
        elif request["name"] == "Create an installation":
            postman.values["installation_token"] = answer.element("Token")["token"]
        elif request["name"] == "Add a session":
            postman.values["session_token"] = answer.element("Token")["token"]
            postman.values["user_id"] = answer.element("UserPerson")["id"]
            # The collection asks for the accounts later than it needs one.
            later = [r for r in requests if r["name"] == "List monetary accounts"]
            account = postman.send(later[0]).element("MonetaryAccountBank")
            postman.values["monetary_account_id"] = account["id"]
