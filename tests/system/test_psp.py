# SPDX-License-Identifier: Apache-2.0
"""PSD2: payment service providers, by a certificate that cryptography made"""
import base64
import sqlite3

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

import bunq
from gateway import wait_until
from nginx import TRIVET, Nginx
from psp import CERTIFICATE, CHAIN, DAY, PATH, SIGNED, Authority, claim, provider


@pytest.fixture
def client(gateway):
    return bunq.Client(gateway, key_number=3).install()


def test_an_installation_of_before_has_its_text(client, root, middle):
    """Stores of earlier versions keep the key's text, and no digest."""
    pem = "\r\n" + bunq.public_pem(client.key) + "\n\n"
    db = sqlite3.connect(client.gateway.data / "trivet.db", timeout=10)
    with db:
        db.execute(
            "UPDATE installation SET signed_digest = NULL, public_text = ?"
            " WHERE id = (SELECT MAX(id) FROM installation)",
            (pem,),
        )
    db.close()
    refused(client, claim(client, provider(middle), middle, root, text="x"),
            "psp-signature-wrong")
    body = claim(client, provider(middle), middle, root)
    bunq.assert_admitted(client.post(PATH, body), client.server_key)


@pytest.mark.parametrize("key_text", ["\r\n  {}\n\n\n", "{}"])
def test_what_is_signed_is_the_text_as_it_was_sent(gateway, root, middle, key_text):
    client = bunq.Client(gateway, key_number=3)
    sent = key_text.format(bunq.public_pem(client.key).replace("\n", "\r\n"))
    answer = client.call("POST", "/v1/installation", {"client_public_key": sent})
    bunq.assert_admitted(answer)
    client.installation_token = answer.element("Token")["token"]
    client.server_key = None
    text = sent.strip() + "\n" + client.installation_token
    body = claim(client, provider(middle), middle, root, text=text)
    bunq.assert_admitted(client.post(PATH, body))


def refused(client, body, reason, status=400):
    users = len(client.gateway.trivet("user", "list"))
    answer = client.post(PATH, body)
    bunq.assert_refused(answer, status, reason=reason, server_key=client.server_key)
    assert len(client.gateway.trivet("user", "list")) == users
    return answer


# ---- taken ---------------------------------------------------------------------


def test_a_provider_gets_a_credential_and_goes_all_the_way(client, root, middle):
    psp = provider(middle)
    answer = client.post(PATH, claim(client, psp, middle, root))
    bunq.assert_admitted(answer, client.server_key)
    credential = answer.element("CredentialPasswordIp")
    assert list(answer.response[0]) == ["CredentialPasswordIp"]
    assert credential["status"] == "PENDING_FIRST_USE"
    assert credential["permitted_device"] is None
    assert len(credential["token_value"]) == 64
    bunq.assert_now(credential["created"])
    life = bunq.parse_time(credential["expiry_time"]) - bunq.parse_time(
        credential["created"]
    )
    assert life == pytest.approx(3600, abs=1e-3)

    # shown once
    again = client.get(f"{PATH}/{credential['id']}")
    bunq.assert_admitted(again, client.server_key)
    assert again.element("CredentialPasswordIp") == dict(credential, token_value=None)

    client.register(credential["token_value"]).open()
    active = client.get(
        f"{PATH}/{credential['id']}", token=client.installation_token
    ).element("CredentialPasswordIp")
    assert active["status"] == "ACTIVE"
    assert active["expiry_time"] is None and active["token_value"] is None
    assert active["permitted_device"] == {"description": "a test", "ip": "127.0.0.1"}

    user = client.get("/v1/user").element("UserPaymentServiceProvider")
    assert user == client.user
    assert user["session_timeout"] == 324000
    assert user["alias"] == [
        {
            "type": "CERTIFICATE_DISTINGUISHED_NAME",
            "value": "/CN=My App PISP AISP/C=NL",
            "name": "My App PISP AISP",
        }
    ]
    assert user["certificate_distinguished_name"] == "/CN=My App PISP AISP/C=NL"
    assert user["display_name"] == "My App PISP AISP"
    typed = "/v1/user-payment-service-provider/"
    answer = client.get(f"{typed}{user['id']}")
    bunq.assert_admitted(answer, client.server_key)
    assert answer.json == {"Response": [{"UserPaymentServiceProvider": user}]}
    for path in (f"{typed}{user['id'] + 1}", f"/v1/user-person/{user['id']}"):
        bunq.assert_refused(client.get(path), 404, reason="user-not-found")
    kinds = {row["id"]: row["kind"] for row in client.gateway.trivet("user", "list")}
    assert kinds[user["id"]] == "psp"


def test_the_first_session_lives_an_hour_later_ones_ninety(client, root, middle):
    answer = client.post(PATH, claim(client, provider(middle), middle, root))
    client.register(answer.element("CredentialPasswordIp")["token_value"])
    lives = []
    for _ in range(2):
        client.open()
        rows = client.gateway.trivet("session", "list")
        row = [row for row in rows if row["id"] == client.session_id][0]
        lives.append(bunq.parse_listed(row["expires"]) - bunq.parse_listed(row["created"]))
        assert client.is_alive()
    assert lives == [pytest.approx(3600, abs=1), pytest.approx(324000, abs=1)]


@pytest.mark.parametrize("subject", ["X PISP", "AISP", "a PISP AISP b"])
def test_one_role_is_enough(client, root, middle, subject):
    psp = provider(middle, subject)
    bunq.assert_admitted(client.post(PATH, claim(client, psp, middle, root)))


def test_the_same_provider_is_the_same_user(client, gateway, root, middle):
    def log_in(psp, number):
        one = bunq.Client(gateway, key_number=number).install()
        answer = one.post(PATH, claim(one, psp, middle, root))
        token = answer.element("CredentialPasswordIp")["token_value"]
        return one.register(token).open().user["id"]

    psp = provider(middle, "Same PISP")
    user = log_in(psp, 4)
    assert log_in(provider(middle, "Same PISP"), 5) == user
    # in the sandbox anybody can take a name: the key counts too
    assert log_in(provider(middle, "Same PISP", bunq.key(23)), 4) != user
    assert log_in(provider(middle, "Other PISP"), 4) != user


def test_self_signed_certificates_are_taken_in_the_sandbox(client):
    psp = Authority(bunq.key(22), "Own PISP")
    bunq.assert_admitted(client.post(PATH, claim(client, psp, psp)))


@pytest.mark.parametrize("ending", ["", "\n", "\n\n"])
def test_the_key_s_last_newline_does_not_matter(gateway, root, middle, ending):
    """Python's SDK sends none, Java's one; both sign with exactly one."""
    client = bunq.Client(gateway, key_number=3)
    client.install(pem=bunq.public_pem(client.key).strip() + ending)
    body = claim(client, provider(middle), middle, root)
    bunq.assert_admitted(client.post(PATH, body), client.server_key)


@pytest.mark.parametrize("usage", ["digital_signature", "content_commitment"])
def test_keys_for_signing_are_taken(client, root, middle, usage):
    psp = provider(middle, usage=usage)
    bunq.assert_admitted(client.post(PATH, claim(client, psp, middle, root)))


# ---- refused -------------------------------------------------------------------


def test_wrong_signatures_are_refused(client, gateway, root, middle):
    psp = provider(middle)
    pem = bunq.public_pem(client.key).strip()
    token = client.installation_token
    for text in (pem + token, pem + "\n\n" + token, pem + "\n", token, pem + "\n" + "0" * 64,
                 bunq.public_pem(bunq.key(9)).strip() + "\n" + token):
        refused(client, claim(client, psp, middle, root, text=text),
                "psp-signature-wrong")
    body = claim(client, psp, middle, root, key=bunq.key(9))
    refused(client, body, "psp-signature-wrong")
    # the provider's own, for another installation
    other = bunq.Client(gateway, key_number=4).install()
    refused(client, claim(other, psp, middle, root), "psp-signature-wrong")
    good = claim(client, psp, middle, root)
    for signature in ("x", "====", good[SIGNED][:-4], good[SIGNED] + "AAAA",
                      base64.b64encode(bytes(256)).decode()):
        refused(client, dict(good, **{SIGNED: signature}), "psp-signature-wrong")


@pytest.mark.parametrize("subject", ["My App", "pisp aisp", "PIS P", "P ISP"])
def test_a_name_without_a_role_is_refused(client, root, middle, subject):
    psp = provider(middle, subject)
    refused(client, claim(client, psp, middle, root), "psp-role-missing")


@pytest.mark.long
def test_times_are_judged(client, root, middle):
    for begin, end in ((-3 * DAY, -DAY), (DAY, 3 * DAY)):
        psp = provider(middle, begin=begin, end=end)
        refused(client, claim(client, psp, middle, root), "psp-certificate-expired")
        late = Authority(bunq.key(21), "A Middle", root, begin=begin, end=end)
        psp = provider(late)
        refused(client, claim(client, psp, late, root), "psp-certificate-expired")


def test_broken_chains_are_refused(client, root, middle):
    psp = provider(middle)
    not_ca = Authority(bunq.key(21), "A Middle", root, is_ca=False)
    imposter = Authority(bunq.key(24), "A Middle", root)
    other_root = Authority(bunq.key(25), "A Root")
    for chain in ([middle], [root], [imposter, root], [middle, other_root],
                  [not_ca, root], [psp]):
        refused(client, claim(client, psp, *chain), "psp-chain-invalid")
    forged = Authority(bunq.key(24), "Forged PISP")
    forged.subject = root.subject
    psp = provider(forged)
    refused(client, claim(client, psp, root), "psp-chain-invalid")
    body = claim(client, provider(middle), middle, root)
    for chain in ("garbage", body[CHAIN][:-100], body[CHAIN] * 6):
        refused(client, dict(body, **{CHAIN: chain}), "psp-chain-invalid")


@pytest.mark.long
def test_other_keys_are_refused(client, root, middle):
    signer = bunq.key(9)  # the signature does not matter any more
    for key in (ec.generate_private_key(ec.SECP256R1()),
                rsa.generate_private_key(65537, 1024)):
        psp = provider(middle, key=key)
        body = claim(client, psp, middle, root, key=signer)
        refused(client, body, "psp-certificate-invalid")
    psp = provider(middle, usage="key_encipherment")
    refused(client, claim(client, psp, middle, root), "psp-certificate-invalid")


@pytest.mark.long
def test_what_is_no_certificate_is_refused(client, root, middle):
    body = claim(client, provider(middle), middle, root)
    pem = body[CERTIFICATE]
    for text in ("x", pem[:-60], pem + pem, pem.replace("CERTIFICATE", "X509 CRL"),
                 bunq.public_pem(client.key)):
        refused(client, dict(body, **{CERTIFICATE: text}), "psp-certificate-invalid")
    for names in ([], ["A PISP", "B AISP"], ["PISP " + "x" * 60] * 1 + ["y"]):
        psp = provider(middle, names)
        refused(client, claim(client, psp, middle, root), "psp-certificate-invalid")


@pytest.mark.parametrize("field", [CERTIFICATE, CHAIN, SIGNED])
def test_fields_are_needed(client, root, middle, field):
    body = claim(client, provider(middle), middle, root)
    for value in (None, ""):
        refused(client, dict(body, **{field: value}), "field-missing")
    for value in (1, [], "x" * 40000):
        refused(client, dict(body, **{field: value}), "field-invalid")
    del body[field]
    answer = refused(client, body, "field-missing")
    assert field in answer.error


def test_tokens_and_signatures_as_everywhere(client, gateway, root, middle):
    body = claim(client, provider(middle), middle, root)
    bunq.assert_refused(client.post(PATH, body, token=None), 401)
    bunq.assert_refused(client.post(PATH, body, signature=None), 466)
    session = bunq.ready(gateway, key_number=6)
    answer = session.post(PATH, body)
    bunq.assert_refused(answer, 400, reason="session-already")


def test_unsigned_where_the_profile_asks_for_none(serve, root, middle):
    client = bunq.Client(serve("--profile", "current"), key_number=3).install()
    body = claim(client, provider(middle), middle, root)
    answer = client.post(PATH, body, signature=None)
    bunq.assert_admitted(answer, client.server_key)
    # the provider's own signature is asked for all the same
    refused(client, dict(body, **{SIGNED: ""}), "field-missing")
    body = claim(client, provider(middle), middle, root, key=bunq.key(9))
    answer = client.post(PATH, body, signature=None)
    bunq.assert_refused(answer, 400, reason="psp-signature-wrong")


@pytest.mark.parametrize("profile, status", [("current", 400), ("strict", 200)])
def test_where_the_root_is(serve, root, middle, profile, status):
    client = bunq.Client(serve("--profile", profile), key_number=3).install()
    for chain in ([root, middle], [root, middle, root]):
        answer = client.post(PATH, claim(client, provider(middle), *chain))
        assert answer.status == status, answer
        assert status == 200 or answer.reason == "psp-chain-invalid", answer
    for chain in ([middle, root], [middle, root][:2]):
        answer = client.post(PATH, claim(client, provider(middle), *chain))
        bunq.assert_admitted(answer, client.server_key)
    alone = Authority(bunq.key(24), "Alone PISP")
    answer = client.post(PATH, claim(client, alone))
    assert answer.status == 200 or answer.reason == "field-missing", answer


def test_a_credential_is_shown_to_who_asked_for_it(client, gateway, root, middle):
    answer = client.post(PATH, claim(client, provider(middle), middle, root))
    number = answer.element("CredentialPasswordIp")["id"]
    other = bunq.Client(gateway, key_number=4).install()
    for asker, wanted in ((other, number), (client, number + 1000), (client, 0)):
        bunq.assert_refused(
            asker.get(f"{PATH}/{wanted}"), 404, reason="psp-credential-not-found"
        )


# ---- outside the sandbox ---------------------------------------------------------


def test_outside_the_sandbox_the_roots_are_the_operator_s(outside, tmp_path, root, middle):
    (tmp_path / "roots.pem").write_text(root.pem)
    nginx = outside(f"trivet_psp_ca {tmp_path}/roots.pem;")
    client = bunq.Client(nginx, key_number=3).install()
    psp = provider(middle)
    answer = client.post(PATH, claim(client, psp, middle))
    bunq.assert_admitted(answer, client.server_key)
    token = answer.element("CredentialPasswordIp")["token_value"]
    user = client.register(token).open().user["id"]
    # a new key of the same name is the same provider
    answer = client.post(
        PATH,
        claim(client, provider(middle, key=bunq.key(23)), middle, root),
        token=client.installation_token,
    )
    token = answer.element("CredentialPasswordIp")["token_value"]
    assert client.register(token).open().user["id"] == user
    # a root of one's own is none
    own = Authority(bunq.key(25), "A Root")
    middle_of_own = Authority(bunq.key(21), "A Middle", own)
    for chain in ([middle_of_own, own], [own]):
        for signer in (own, middle_of_own):
            body = claim(client, provider(signer), *chain)
            answer = client.post(PATH, body, token=client.installation_token)
            bunq.assert_refused(answer, 400, "The payment service provider "
                                "certificate chain is invalid.")
    self_signed = Authority(bunq.key(22), "Own PISP")
    body = claim(client, self_signed, self_signed)
    answer = client.post(PATH, body, token=client.installation_token)
    bunq.assert_refused(answer, 400)


def test_outside_the_sandbox_without_roots_none_is_taken(outside, root, middle):
    nginx = outside("")
    client = bunq.Client(nginx, key_number=3).install()
    answer = client.post(PATH, claim(client, provider(middle), middle, root))
    bunq.assert_refused(answer, 400, server_key=client.server_key)


@pytest.mark.parametrize("content", [None, "", "garbage", "key", "cut"])
def test_roots_that_cannot_be_used_are_no_configuration(serve, tmp_path, root, content):
    path = tmp_path / "roots.pem"
    made = serve()
    made.close()
    line = TRIVET.replace("trivet_sandbox on;", "") + f"trivet_psp_ca {path};"
    nginx = Nginx(made.data, trivet=line)
    path.write_text(root.pem)
    assert nginx.check()[0] == 0
    if content is None:
        path.unlink()
    else:
        path.write_text({"key": bunq.public_pem(root.key),
                         "cut": root.pem[:-60]}.get(content, content))
    status, words = nginx.check()
    assert status == 1
    assert "trivet_psp_ca" in words and "CA certificates in PEM" in words


@pytest.mark.long
def test_roots_are_read_at_a_reload_and_never_else(outside, tmp_path, root, middle):
    """What becomes of the file meanwhile is nothing to any call."""
    path = tmp_path / "roots.pem"
    other_root = Authority(bunq.key(25), "Another Root")
    path.write_text(root.pem)
    nginx = outside(f"trivet_psp_ca {path};")
    client = bunq.Client(nginx, key_number=3).install()

    def post(issuer):
        return client.post(PATH, claim(client, provider(issuer), issuer),
                           token=client.installation_token)

    other_middle = Authority(bunq.key(21), "Another Middle", other_root)
    for content in (None, "garbage", other_root.pem):
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_text(content)
        bunq.assert_admitted(post(middle), client.server_key)
        bunq.assert_refused(post(other_middle), 400, server_key=client.server_key)
    nginx.reload()
    assert wait_until(lambda: post(other_middle).status == 200)
    bunq.assert_refused(post(middle), 400, server_key=client.server_key)
