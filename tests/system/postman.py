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


EXAMPLES = Path(__file__).resolve().parents[2] / "examples/answers"
NOTHING = '{"Response": []}'
MADE = '{"Response": [{"Id": {"id": {{id}}}}]}'
ACCOUNT = "user/_/monetary-account/_"


def write_answers(folder):
    """What the collection asks of the API itself: the examples, and in folder what
    else it asks for. Returns the options for `serve`."""
    files = {f"{ACCOUNT}/{name}/POST.json": MADE for name in (
        "draft-payment", "schedule-payment", "schedule-payment-batch",
        "customer-statement")}
    files |= {f"{name}/GET.json": NOTHING for name in (
        f"{ACCOUNT}/draft-payment", f"{ACCOUNT}/schedule",
        f"{ACCOUNT}/schedule-payment", f"{ACCOUNT}/customer-statement",
        f"{ACCOUNT}/payment/_/note-attachment", "user/_/invoice",
        "user/_/invoice/_/pdf-content", "user/_/attachment/_/content",
        "user/_/event", "user/_/tree-progress", "user/_/monetary-account-bank")}
    files |= {f"user/_/{name}/POST.json": MADE for name in (
        "monetary-account-bank", "monetary-account-savings")}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return ["--answers", EXAMPLES, "--answers", folder]


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
            if request["name"] == "Add a session":
                # The collection asks for the accounts later than it needs one.
                later = [r for r in sent if r["name"] == "List monetary accounts"]
                self.keep(later[0]["name"], self.send(later[0]))
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
