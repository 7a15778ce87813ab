# SPDX-License-Identifier: Apache-2.0
"""postman.py - the requests of bunq's Postman collection, sent as it sends them"""
import json
import os
import re
from pathlib import Path

import bunq

SHARED = Path(
    os.environ.get("TRIVET_SHARED", Path(__file__).resolve().parents[3] / "shared"))
POSTMAN = SHARED / "postman/requests.json"


def write_answers(folder):
    """Files for `serve --answers`: what the collection asks of the API itself. The
    sandbox has accounts of its own; a file would take their place."""
    folder.mkdir()
    requests = []
    if POSTMAN.exists():
        requests = json.loads(POSTMAN.read_text())["requests"]
    for request in requests:
        path = request["url"].partition("{{host}}/v1/")[2].strip("/")
        path = re.sub(r"\{\{\w+\}\}", "_", path)
        if path.count("/") < 2 or path.removesuffix("/_") == "user/_/monetary-account":
            continue
        place = folder / path
        place.mkdir(parents=True, exist_ok=True)
        for method in {"GET", request["method"]}:
            (place / f"{method}.json").write_text('{"Response": []}')
    return folder


class Postman:
    """What the collection keeps between its requests, and how it fills them in."""

    def __init__(self, host, http):
        """host: such as https://localhost:8443; http: a session of requests."""
        self.http = http
        self.key = bunq.key(0)
        self.values = {
            "host": host,
            "request_id": "1",
            "geolocation": "0 0 0 0 000",
            "public_key_client_fmt": bunq.public_pem(self.key).replace("\n", "\\n"),
            "payment_id": "1",
            "monetary_account_id": "1",
            "attachment_id": "1",
            "invoice_id": "1",
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

    def run_collection(self):
        """All of them, as the collection sends them: none is refused for its
        signature, its headers or its token. OAuth's two go to another host.
        Returns how many were sent."""
        requests = json.loads(POSTMAN.read_text())["requests"]
        assert len(requests) == 31
        sent = [r for r in requests if r["url"].startswith("{{host}}")]
        for request in sent:
            answer = self.send(request)
            assert answer.status == 200, (request["name"], answer)
            self.keep(request["name"], answer)
        return len(sent)

    def keep(self, name, answer):
        if "sandbox user (person)" in name:
            self.values["api_key"] = answer.element("ApiKey")["api_key"]
        elif name == "Create an installation":
            self.values["installation_token"] = answer.element("Token")["token"]
        elif name == "Add a session":
            self.values["session_token"] = answer.element("Token")["token"]
            self.values["user_id"] = answer.element("UserPerson")["id"]
        elif name == "List monetary accounts":
            account = answer.element("MonetaryAccountBank")
            self.values["monetary_account_id"] = account["id"]
