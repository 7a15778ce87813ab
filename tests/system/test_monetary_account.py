# SPDX-License-Identifier: Apache-2.0
"""The sandbox's one bank account of a user, without which clients do not start"""
import re
from decimal import Decimal

import pytest

import bunq

FORMS = ["monetary-account", "monetary-account-bank"]
NO_PAGES = {"future_url": None, "newer_url": None, "older_url": None}


def path(client, form, end=""):
    return f"/v1/user/{client.user['id']}/{form}{end}"


def account_of(client):
    answer = client.get(path(client, "monetary-account-bank"))
    bunq.assert_admitted(answer, client.server_key)
    return answer.element("MonetaryAccountBank")


def is_iban(text):
    """ISO 13616: turned and in digits, it is 1 modulo 97."""
    turned = text[4:] + text[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("end", ["", "/", "?count=200", "/?count=200"])
def test_account_has_what_clients_read(client, form, end):
    answer = client.get(path(client, form, end))
    bunq.assert_admitted(answer, client.server_key)
    bunq.assert_own_form(answer)
    assert list(answer.json) == ["Response", "Pagination"]
    assert answer.json["Pagination"] == NO_PAGES
    assert answer.types == ["MonetaryAccountBank"]
    account = answer.element("MonetaryAccountBank")
    assert type(account["id"]) is int and account["id"] > 0
    assert account["status"] == "ACTIVE"
    assert account["currency"] == "EUR"
    assert isinstance(account["description"], str) and account["description"]
    assert account["balance"]["currency"] == "EUR"
    assert re.fullmatch(r"\d+\.\d\d", account["balance"]["value"])
    Decimal(account["balance"]["value"])
    bunq.assert_now(account["created"])
    bunq.assert_now(account["updated"])
    assert all(value is not None for value in account.values())
    ibans = [alias for alias in account["alias"] if alias["type"] == "IBAN"]
    assert len(ibans) == 1
    assert ibans[0]["name"] == client.user["display_name"]
    assert re.fullmatch(r"NL\d\dBUNQ\d{10}", ibans[0]["value"])
    assert is_iban(ibans[0]["value"])


@pytest.mark.parametrize("form", FORMS)
def test_account_by_its_number(client, form):
    account = account_of(client)
    for end in ("", "/", "?a=b"):
        answer = client.get(path(client, form, f"/{account['id']}{end}"))
        bunq.assert_admitted(answer, client.server_key)
        assert answer.json == {"Response": [{"MonetaryAccountBank": account}]}
    for number in (0, 1, account["id"] + 1):
        bunq.assert_refused(
            client.get(path(client, form, f"/{number}")),
            404,
            f'Monetary account for id "{number}" not found.',
            "account-not-found",
            client.server_key,
        )


def test_no_savings(client):
    for end in ("", "/", "?count=200"):
        answer = client.get(path(client, "monetary-account-savings", end))
        bunq.assert_admitted(answer, client.server_key)
        assert answer.json == {"Response": [], "Pagination": NO_PAGES}


def test_each_user_has_an_account_of_its_own(gateway, client):
    other = bunq.ready(gateway)
    mine, other_s = account_of(client), account_of(other)
    assert mine["id"] != other_s["id"]
    assert mine["alias"] != other_s["alias"]
    assert account_of(client) == mine
    for form in [*FORMS, "monetary-account-savings"]:
        answer = client.get(path(other, form))
        bunq.assert_refused(answer, 404, reason="user-not-found")
    answer = client.get(path(other, FORMS[0], f"/{other_s['id']}"))
    bunq.assert_refused(answer, 404, reason="user-not-found")


def test_company_has_an_account(gateway):
    client = bunq.Client(gateway).install()
    client.register(client.make_user("company")).open()
    assert is_iban(account_of(client)["alias"][0]["value"])


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_methods_on_accounts_are_the_apis(client, api_client, upstream, method):
    for form in [*FORMS, "monetary-account-savings"]:
        answer = client.call(method, path(client, form))
        bunq.assert_refused(answer, 404, "Route not found.", "route-not-found")
        asked = path(api_client, form)
        bunq.assert_admitted(api_client.call(method, asked))
        assert upstream.last(asked).method == method


def test_account_needs_a_session(client):
    answer = client.get(path(client, FORMS[0]), token=client.installation_token)
    bunq.assert_refused(answer, 403, bunq.AUTHENTICATION, "token-wrong-kind")
    answer = client.get(path(client, FORMS[0]), token=None)
    bunq.assert_refused(answer, 401, bunq.AUTHENTICATION, "token-missing")


def test_outside_the_sandbox_accounts_are_the_api_s(serve):
    gateway = serve("--no-sandbox")
    key = gateway.trivet("key", "create")
    client = bunq.Client(gateway).install().register(key["secret"]).open()
    for form in [*FORMS, "monetary-account-savings"]:
        answer = client.get(path(client, form))
        assert b"IBAN" not in answer.body
        assert answer.status != 200 or answer.types == ["Identity"]
