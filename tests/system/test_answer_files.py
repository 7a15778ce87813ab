# SPDX-License-Identifier: Apache-2.0
"""test_answer_files.py - what the built-in API answers: /v1/echo, files, 404"""
import json
import os
from pathlib import Path

import pytest

import bunq
from gateway import Gateway, NotReady
from nginx import Nginx
from storm import storm

EXAMPLES = Path(__file__).parents[2] / "examples/answers"

PAYMENTS = "user/_/monetary-account/_/payment"
POST = '{"Response": [{"Id": {"id": {{id}}}}]}'
OBJECT = """{
  "Payment": {
    "id": {{id}},
    "created": {{now}},
    "when": "at {{now}}",
    "user": "{{path.2}}",
    "account": {{path.4}},
    "value": "{{body.amount.value}}",
    "first": {{body.list.0}},
    "said": "<{{body.description}}>",
    "amount": {{body.amount}},
    "all": "{{body}}"
  }
}"""


LIST = '{"list": true}'
STORE = '{"store": true}'


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, str):
            text = text.encode()
        path.write_bytes(text)
    return folder


FILES = {
    f"{PAYMENTS}/settings.json": '{"store": true}',
    f"{PAYMENTS}/POST.json": POST,
    f"{PAYMENTS}/object.json": OBJECT,
    f"{PAYMENTS}/_/PUT.json": '{"Response": [{"Id": {"id": {{path.6}}}}]}',
    "user/_/request/settings.json": '{"store": true}',
    "user/_/request/POST.json":
        '{"Response": [{"Id": {"id": {{id}}}}, {"Request": {"id": {{id}}, '
        '"text": "{{body.text}}"}}]}',
    "user/_/card/settings.json": '{"list": true}',
    "user/_/card/GET.json": json.dumps(
        {"Response": [{"Card": {"id": n, "n": n * n}} for n in range(1, 26)]}
    ),
    "user/_/named/GET.json": '{"Response": [], "user": {{path.2}}, '
                             '"text": "{{ path.2 }}", "id": {{id}}}',
    "user/_/named/7/GET.json": '{"Response": [], "seven": true}',
    "user/_/named/_/GET.json": '{"Response": [], "id": {{path.4}}}',
    "user/_/monetary-account/GET.json": '{"Response": [], "mine": true}',
    "user/_/upload/POST.json": POST,
}


@pytest.fixture(scope="module")
def answering(tmp_path_factory):
    folder = write(tmp_path_factory.mktemp("answers") / "answers", FILES)
    data = tmp_path_factory.mktemp("answering") / "data"
    with Gateway(data, "--answers", folder) as started:
        yield started


@pytest.fixture(scope="module")
def caller(answering):
    return bunq.ready(answering)


@pytest.fixture(scope="module")
def stranger(answering):
    """Another user."""
    return bunq.ready(answering, key_number=1)


def payments(client, account=1):
    return f"/v1/user/{client.user['id']}/monetary-account/{account}/payment"


def pay(client, body, account=1):
    answer = client.post(payments(client, account), body)
    bunq.assert_admitted(answer, client.server_key)
    return answer.element("Id")["id"]


# ---- what is not there -------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", [
    "/v1/usr", "/v1/", "/v1/echoes", "/v1/user/1/crd", "/v1/user/me/card",
    "/v1/user//card", "/v1/user/1/c%61rds", "/v1/user/1/card/_",
    "/v1/" + "a/" * 20,
])
def test_an_unknown_path_is_a_signed_404(caller, method, path):
    answer = caller.call(method, path)
    bunq.assert_refused(answer, 404, "Route not found.", "route-not-found",
                        caller.server_key)


def test_an_unknown_path_without_a_session_is_a_401(answering):
    client = bunq.Client(answering).install()
    answer = client.get("/v1/usr", token=None)
    bunq.assert_refused(answer, 401, bunq.AUTHENTICATION)


def test_without_files_an_unknown_path_is_a_signed_404(client):
    answer = client.post("/v1/user/1/card", {"a": 1})
    bunq.assert_refused(answer, 404, "Route not found.", "route-not-found",
                        client.server_key)


@pytest.mark.parametrize("path", [bunq.ECHO, bunq.ECHO + "/a/b?x=y"])
def test_echo_tells_who_is_calling(caller, path):
    for method, body in (("GET", b""), ("POST", b'{"a": 1}')):
        answer = caller.call(method, path, body)
        bunq.assert_admitted(answer, caller.server_key)
        identity = answer.element("Identity")
        assert identity["user_id"] == caller.user["id"]
        assert identity["method"] == method
        assert identity["path"] == path
        assert identity["body_length"] == len(body)


# ---- what POSTs make ---------------------------------------------------------


def test_a_post_makes_what_a_get_finds(caller):
    body = {"amount": {"value": "12.50", "currency": "EUR"}, "list": [3, 4],
            "description": "x"}
    number = pay(caller, body)
    answer = caller.get(f"{payments(caller)}/{number}")
    bunq.assert_admitted(answer, caller.server_key)
    made = answer.element("Payment")
    assert made["id"] == number
    bunq.assert_now(made["created"])
    assert made["when"] == "at " + made["created"]
    assert made["user"] == str(caller.user["id"])
    assert made["account"] == 1
    assert made["value"] == "12.50"
    assert made["first"] == 3
    assert made["said"] == "<x>"
    assert made["amount"] == body["amount"]
    assert json.loads(made["all"]) == body


@pytest.mark.parametrize("value", [
    '"', "\\", '"}, "Id": {"id": 1', "\u0001\u001f\u007f", "é€\U0001f600",
    "{{id}}", "a\nb", "/", "</script>", 5, 1.5, True, False, None, [], {},
    ["\""], {"\"": "\\"}, -1, 2**62,
])
def test_whatever_comes_is_a_text_in_a_string(caller, value):
    number = pay(caller, {"amount": {"value": value}, "description": value,
                          "list": [value]})
    made = caller.get(f"{payments(caller)}/{number}").element("Payment")
    if isinstance(value, str):
        text = value
    elif value is None:
        text = ""
    else:
        text = json.dumps(value, separators=(",", ":"))
    assert made["value"] == text
    assert made["said"] == f"<{text}>"
    assert made["first"] == value
    assert made["amount"] == {"value": value}


def test_fields_that_are_missing(caller):
    number = pay(caller, {})
    made = caller.get(f"{payments(caller)}/{number}").element("Payment")
    assert (made["value"], made["said"], made["first"], made["amount"]) == (
        "", "<>", None, None)
    number = pay(caller, {"amount": "text", "list": {"0": 1}})
    made = caller.get(f"{payments(caller)}/{number}").element("Payment")
    assert (made["value"], made["first"], made["amount"]) == ("", 1, "text")


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"1", b'{"a": 1, "a": 2}', b'{"a": "\xff"}', b"{}\0", b'{"a": "\\u0000"}',
    b'{"a": 1}x', b"[" * 5000,
    b'{"list": ' + b"[" * 65 + b"]" * 65 + b"}",
])
def test_a_body_that_is_no_object_is_refused(caller, body):
    before = caller.get(payments(caller)).response
    answer = caller.post(payments(caller), body)
    bunq.assert_refused(answer, 400, reason="json-invalid",
                        server_key=caller.server_key)
    assert caller.get(payments(caller)).response == before


def test_a_body_that_no_placeholder_asks_for_is_not_read(caller):
    answer = caller.post(f"/v1/user/{caller.user['id']}/upload", b"\xff\0{")
    bunq.assert_admitted(answer, caller.server_key)


def test_bodies_and_objects_that_are_too_large(caller):
    for size in (10000, 65000, 70000, 300000):
        answer = caller.post(payments(caller), {"description": "a" * size})
        bunq.assert_refused(answer, 413, server_key=caller.server_key)
    pay(caller, {"description": "a" * 1000})


def test_without_object_json_the_last_element_is_kept(caller):
    path = f"/v1/user/{caller.user['id']}/request"
    made = caller.post(path, {"text": "hello"})
    bunq.assert_admitted(made, caller.server_key)
    number = made.element("Id")["id"]
    found = caller.get(f"{path}/{number}")
    bunq.assert_admitted(found, caller.server_key)
    assert found.response == [{"Request": {"id": number, "text": "hello"}}]


def test_what_was_not_made_is_not_found(caller, stranger):
    number = pay(caller, {})
    for client, path in (
        (caller, f"{payments(caller)}/{number + 1000000}"),
        (caller, f"{payments(caller, 2)}/{number}"),  # another account
        (caller, f"{payments(stranger)}/{number}"),
        (stranger, f"{payments(caller)}/{number}"),
        (caller, f"{payments(caller)}/9223372036854775808"),
    ):
        answer = client.get(path)
        bunq.assert_refused(answer, 404, "Route not found.",
                            server_key=client.server_key)
    assert stranger.get(payments(caller)).response == []


def test_a_method_without_a_file_is_a_405(caller):
    number = pay(caller, {})
    path = payments(caller)
    for method, path, allow in (
        ("PUT", path, "GET, POST"),
        ("DELETE", path, "GET, POST"),
        ("POST", f"{path}/{number}", "GET, PUT"),
        ("PATCH", f"/v1/user/{caller.user['id']}/card", "GET"),
    ):
        answer = caller.call(method, path)
        bunq.assert_refused(answer, 405, server_key=caller.server_key)
        assert answer.header("Allow") == allow
    answer = caller.call("PUT", f"{payments(caller)}/{number}", {})
    assert answer.element("Id")["id"] == number
    head = caller.call("HEAD", f"{payments(caller)}/{number}")
    assert head.status == 200 and head.body == b""


def test_numbers_are_given_once_whichever_worker_gives_them(answering):
    clients = [bunq.ready(answering, key_number=n % 2) for n in range(4)]

    def work(n):
        return [pay(clients[n], {}) for _ in range(10)]

    numbers = [number for found in storm(4, work) for number in found]
    assert len(set(numbers)) == 40
    for client in clients:
        found = [e["Payment"]["id"] for e in
                 client.get(payments(client) + "?count=200").response]
        assert len(found) == 10 and set(found) <= set(numbers)


# ---- lists -------------------------------------------------------------------


def ids(answer):
    return [next(iter(element.values()))["id"] for element in answer.response]


def test_a_list_of_a_file_has_pages(caller):
    path = f"/v1/user/{caller.user['id']}/card"
    page = caller.get(path)
    bunq.assert_admitted(page, caller.server_key)
    assert ids(page) == list(range(25, 15, -1))
    assert page.json["Pagination"] == {
        "future_url": f"{path}?newer_id=25", "newer_url": None,
        "older_url": f"{path}?older_id=16"}
    seen = []
    url = f"{path}?count=7"
    while url:
        page = caller.get(url)
        seen += ids(page)
        url = page.json["Pagination"]["older_url"]
    assert seen == list(range(25, 0, -1))
    page = caller.get(f"{path}?newer_id=3&count=2")
    assert ids(page) == [5, 4]
    assert page.json["Pagination"]["newer_url"] == f"{path}?count=2&newer_id=5"
    assert ids(caller.get(f"{path}?newer_id=25")) == []


@pytest.mark.parametrize("query", ["count=0", "count=201", "count=x",
                                   "older_id=-1", "newer_id=1e3"])
def test_a_wrong_query_of_a_list(caller, query):
    answer = caller.get(f"/v1/user/1/card?{query}")
    bunq.assert_refused(answer, 400, server_key=caller.server_key)
    assert query.split("=")[0] in answer.error


def test_a_list_of_what_was_made(answering):
    client = bunq.ready(answering, key_number=2)
    path = payments(client)
    empty = client.get(path)
    assert empty.response == []
    assert set(empty.json["Pagination"].values()) == {None}
    made = [pay(client, {"description": str(n)}) for n in range(12)]
    page = client.get(path)
    bunq.assert_admitted(page, client.server_key)
    assert ids(page) == made[:1:-1]
    assert page.json["Pagination"]["older_url"] == f"{path}?older_id={made[2]}"
    page = client.get(page.json["Pagination"]["older_url"])
    assert ids(page) == [made[1], made[0]]
    assert page.json["Pagination"]["newer_url"] == f"{path}?newer_id={made[1]}"


def test_a_name_wins_over_any_id(caller):
    user = caller.user["id"]
    base = f"/v1/user/{user}/named"
    plain = caller.get(base).json
    assert plain["user"] == user and plain["text"] == str(user)
    assert caller.get(f"{base}/").json["id"] > plain["id"]
    assert caller.get(f"{base}/7").json["seven"] is True
    assert caller.get(f"{base}/8").json["id"] == 8
    word = "4f1a0c9e-1111-4222-8333-444455556666"
    assert caller.get(f"{base}/{word}").json["id"] == word
    assert caller.get(f"{base}/me").status == 404


def test_the_sandbox_s_accounts_give_way_to_a_file(caller):
    path = f"/v1/user/{caller.user['id']}/monetary-account"
    assert caller.get(path).json["mine"] is True
    assert caller.get(path + "-bank").types == ["MonetaryAccountBank"]


def test_a_file_hides_no_other_method_of_what_is_built_in(tmp_path, serve):
    kept = '{"Response": [{"MonetaryAccountBank": {"id": {{id}}, "mine": true}}]}'
    folder = write(tmp_path / "answers", {
        "user/_/monetary-account/POST.json": '{"Response": [{"Id": {"id": 7}}]}',
        "user/_/monetary-account-bank/POST.json": kept,
        "user/_/monetary-account-bank/settings.json": STORE,
        "echo/POST.json": '{"Response": [], "mine": true}',
        "echo/below/GET.json": '{"Response": [], "mine": true}',
    })
    client = bunq.ready(serve("--answers", folder))
    base = f"/v1/user/{client.user['id']}/monetary-account"

    assert client.post(base, {}).element("Id")["id"] == 7
    for path in (base, f"{base}/"):
        assert client.get(path).types == ["MonetaryAccountBank"]
        assert client.call("HEAD", path).status == 200
    refused = client.call("DELETE", base)
    bunq.assert_refused(refused, 405, server_key=client.server_key)
    assert refused.header("Allow") == "GET, POST"

    built_in = client.get(base).element("MonetaryAccountBank")["id"]
    made = client.post(f"{base}-bank", {}).element("MonetaryAccountBank")["id"]
    assert client.get(f"{base}-bank").types == ["MonetaryAccountBank"]
    for number, mine in ((built_in, None), (made, True)):
        account = client.get(f"{base}-bank/{number}").element("MonetaryAccountBank")
        assert (account["id"], account.get("mine")) == (number, mine)
    assert client.get(f"{base}-bank/5").status == 404

    for method, path, mine in (
        ("POST", "/v1/echo", True), ("GET", "/v1/echo", None),
        ("PUT", "/v1/echo", None), ("POST", "/v1/echo/x", None),
        ("GET", "/v1/echo/below", True), ("POST", "/v1/echo/below", None),
    ):
        answer = client.call(method, path)
        bunq.assert_admitted(answer, client.server_key)
        assert answer.json.get("mine") is mine, (method, path, answer)


# ---- wrong files -------------------------------------------------------------


@pytest.mark.parametrize("files, where, why", [
    ({"user/_/a/GET.json": '{\n"a": 1,\n}'}, "a/GET.json:3", "not JSON"),
    ({"user/_/a/GET.json": ""}, "a/GET.json:1", "not JSON"),
    ({"user/_/a/GET.json": "[]"}, "a/GET.json:1", "not a JSON object"),
    ({"user/_/a/GET.json": '{"a": 1, "a": 2}'}, "a/GET.json:1", "duplicate"),
    ({"user/_/a/GET.json": b'{"a": "\xff"}'}, "a/GET.json", "UTF-8"),
    ({"user/_/a/GET.json": b'{"a": "\xc3{{body.x}}\xa9"}'}, "a/GET.json", "UTF-8"),
    ({"user/_/a/GET.json": b'{"a": 1}\0'}, "a/GET.json:1", "not JSON"),
    ({"user/_/a/GET.json": '{\n"a":\n{{ids}}}'}, "a/GET.json:3",
     "unknown placeholder {{ids}}"),
    ({"user/_/a/GET.json": '{"a": "{{body.}}"}'}, "a/GET.json:1", "unknown"),
    ({"user/_/a/GET.json": '{"a": "{{body..x}}"}'}, "a/GET.json:1", "unknown"),
    ({"user/_/a/GET.json": '{"a": "{{}}"}'}, "a/GET.json:1", "unknown"),
    ({"user/_/a/GET.json": '{"a": "{{id"}'}, "a/GET.json:1", "{{ without }}"),
    ({"user/_/a/GET.json": '{"a": "{{id\n}}"}'}, "a/GET.json:1", "{{ without }}"),
    ({"user/_/a/GET.json": '{"a": {{path.0}}}'}, "a/GET.json:1", "from 1"),
    ({"user/_/a/GET.json": '{"a": {{path.4}}}'}, "a/GET.json:1", "3 parts"),
    ({"user/_/a/GET.json": '{"a": 1{{path.2}}}'}, "a/GET.json:1", "where a value"),
    ({"user/_/a/GET.json": '{{{id}}: 1}'}, "a/GET.json:1", "where a value"),
    ({"user/_/a/GET.json": '{"a": "\\u{{body.x}}0041"}'}, "a/GET.json:1", "escape"),
    ({"user/_/a/GET.json": " " * 65537}, "a/GET.json", "65536"),
    ({"user/_/a/get.json": "{}"}, "a/get.json", "files are"),
    ({"user/_/a/PATCH.json": "{}"}, "a/PATCH.json", "files are"),
    ({"user/_/a/HEAD.json": "{}"}, "a/HEAD.json", "files are"),
    ({"user/_/a/GET.txt": "{}"}, "a/GET.txt", "files are"),
    ({"user/_/a/.json": "{}"}, "a/.json", "files are"),
    ({"GET.json": "{}"}, "GET.json", "folders below"),
    ({"user/__/a/GET.json": "{}"}, "user/__", "name"),
    ({"user/.a/GET.json": "{}"}, "user/.a", "name"),
    ({"user/a b/GET.json": "{}"}, "user/a b", "name"),
    ({"/".join("abcdefghijklmnopq") + "/GET.json": "{}"}, "/q", "16 folders"),
    ({"user/_/a/settings.json": "{"}, "a/settings.json:1", "not JSON"),
    ({"user/_/a/settings.json": "[]"}, "a/settings.json:1", "object"),
    ({"user/_/a/settings.json": '{"stor": true}'}, "a/settings.json:1", "known"),
    ({"user/_/a/settings.json": '{"store": 1}'}, "a/settings.json:1", "known"),
    ({"user/_/a/settings.json": STORE}, "a/settings.json", "POST.json"),
    ({"user/_/a/settings.json": LIST}, "a/settings.json", "GET.json"),
    ({"user/_/a/object.json": "{}"}, "a/object.json", "store"),
    ({"user/_/a/settings.json": STORE, "user/_/a/POST.json": "{}"},
     "a/POST.json", "Response"),
    ({"user/_/a/settings.json": STORE, "user/_/a/POST.json": '{"Response": []}'},
     "a/POST.json", "no element"),
    ({"user/_/a/settings.json": LIST,
      "user/_/a/GET.json": '{"Response": [{"A": {"id": "1"}}]}'},
     "a/GET.json", "NUMBER"),
    ({"session-server/POST.json": "{}"}, "session-server/POST.json", "protocol"),
    ({"user/GET.json": "{}"}, "user/GET.json", "protocol"),
    ({"user/_/DELETE.json": "{}"}, "DELETE.json", "protocol"),
    ({"sandbox-user-person/POST.json": "{}"}, "POST.json", "protocol"),
])
def test_a_wrong_file_is_told_at_the_start(tmp_path, files, where, why):
    folder = write(tmp_path / "answers", files)
    with pytest.raises(NotReady) as caught:
        Gateway(tmp_path / "data", "--answers", folder).start()
    assert caught.value.returncode != 0
    assert where in caught.value.stderr, caught.value.stderr
    assert why in caught.value.stderr, caught.value.stderr
    assert not (tmp_path / "data").exists()


def make_link(folder):
    os.symlink("/etc/passwd", folder / "user/GET.json")


def make_folder_link(folder):
    os.symlink(folder / "user", folder / "other")


def make_pipe(folder):
    os.mkfifo(folder / "user/GET.json")


def make_folder(folder):
    (folder / "user/GET.json").mkdir()


@pytest.mark.parametrize("make, why", [
    (make_link, "user/GET.json: a link"), (make_folder_link, "other: a link"),
    (make_pipe, "user/GET.json: neither"),
])
def test_what_is_no_file_is_refused(tmp_path, make, why):
    folder = write(tmp_path / "answers", {"user/_/a/GET.json": "{}"})
    make(folder)
    with pytest.raises(NotReady) as caught:
        Gateway(tmp_path / "data", "--answers", folder).start()
    assert why in caught.value.stderr, caught.value.stderr


def test_a_folder_that_is_not_there(tmp_path):
    (tmp_path / "file").write_text("{}")
    for name, why in (("nowhere", "No such file"), ("file", "Not a directory")):
        with pytest.raises(NotReady) as caught:
            Gateway(tmp_path / "data", "--answers", tmp_path / name).start()
        assert f"{name}: {why}" in caught.value.stderr


def test_answers_and_an_api_do_not_go_together(tmp_path):
    with pytest.raises(NotReady) as caught:
        Gateway(tmp_path / "data", "--answers", EXAMPLES,
                "--upstream", "http://127.0.0.1:1").start()
    assert "--answers and --upstream" in caught.value.stderr


def test_two_folders_and_the_same_file_in_both(tmp_path, serve):
    one = write(tmp_path / "one", {"user/_/a/GET.json": '{"one": 1}'})
    two = write(tmp_path / "two", {"user/_/b/GET.json": '{"two": 2}'})
    client = bunq.ready(serve("--answers", one, "--answers", two))
    assert client.get("/v1/user/1/a").json == {"one": 1}
    assert client.get("/v1/user/1/b").json == {"two": 2}
    with pytest.raises(NotReady) as caught:
        Gateway(tmp_path / "data", "--answers", one, "--answers", one).start()
    assert "a/GET.json: another folder" in caught.value.stderr


# ---- the examples, an nginx of one's own -------------------------------------


@pytest.mark.parametrize("profile", ["strict", "current"])
def test_the_examples(serve, profile):
    client = bunq.ready(serve("--answers", EXAMPLES, "--profile", profile))
    user = f"/v1/user/{client.user['id']}"
    account = client.get(f"{user}/monetary-account").element(
        "MonetaryAccountBank")["id"]
    alias = {"type": "EMAIL", "value": "a@example.com"}
    amount = {"value": "10.00", "currency": "EUR"}
    for name, kind, body in (
        ("payment", "Payment",
         {"amount": amount, "counterparty_alias": alias, "description": "x"}),
        ("request-inquiry", "RequestInquiry",
         {"amount_inquired": amount, "counterparty_alias": alias,
          "description": "x", "allow_bunqme": True}),
    ):
        path = f"{user}/monetary-account/{account}/{name}"
        number = client.post(path, body).element("Id")["id"]
        made = client.get(f"{path}/{number}").element(kind)
        for field, value in body.items():
            assert made[field] == value
        assert made["monetary_account_id"] == account
        assert ids(client.get(path)) == [number]
    assert ids(client.get(f"{user}/card")) == [8002, 8001]
    card = client.call("PUT", f"{user}/card/8001", {"status": "ACTIVE"})
    assert card.element("CardDebit")["status"] == "ACTIVE"
    for kind in ("savings", "joint"):
        assert len(client.get(f"{user}/monetary-account-{kind}").response) == 1
    filters = [{"category": "PAYMENT", "notification_target": "https://x.example"}]
    path = f"{user}/notification-filter-url"
    made = client.post(path, {"notification_filters": filters})
    assert made.is_signed_by(client.server_key)
    made = made.element("NotificationFilterUrl")
    assert made["notification_filters"] == filters
    assert client.get(path).element("NotificationFilterUrl") == made


class Answering(Nginx):
    def __init__(self, data, target):
        super().__init__(data)
        self.target = target


def test_an_nginx_of_one_s_own(tmp_path, serve):
    """What was made lives on over a reload; files are read again, and a wrong
    one leaves everything as it was."""
    serve(name="data").stop()
    folder = write(tmp_path / "answers", FILES)
    with Answering(tmp_path / "data", f"trivet_answers {folder};") as nginx:
        client = bunq.ready(nginx)
        number = pay(client, {"description": "x"})
        assert client.get("/v1/usr").status == 404
        assert client.get(bunq.ECHO).types == ["Identity"]
        write(folder, {"user/_/new/GET.json": '{"new": true}'})
        nginx.reload()
        bunq_wait(lambda: client.get("/v1/user/1/new").status == 200)
        found = client.get(f"{payments(client)}/{number}")
        assert found.element("Payment")["said"] == "<x>"
        assert pay(client, {}) > number
        write(folder, {"user/_/new/GET.json": "{"})
        status, text = nginx.check()
        assert status != 0 and "new/GET.json:1: not JSON" in text


def bunq_wait(condition):
    from gateway import wait_until

    assert wait_until(condition)
