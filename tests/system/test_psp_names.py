# SPDX-License-Identifier: Apache-2.0
"""A payment service provider is known by the names in its certificate"""
import contextlib
import datetime
import hashlib
import sqlite3
import uuid

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

import bunq
from psp import DAY, PATH, Authority, claim, provider


@pytest.fixture
def client(gateway):
    return bunq.Client(gateway, key_number=3).install()


STRING = x509.name._ASN1Type


def attribute(oid, text, kind=None):
    return x509.NameAttribute(oid, text, _type=kind) if kind else x509.NameAttribute(oid, text)


def cn(text, kind=None):
    return attribute(NameOID.COMMON_NAME, text, kind)


def org(text, kind=None):
    return attribute(NameOID.ORGANIZATION_NAME, text, kind)


def unit(text):
    return attribute(NameOID.ORGANIZATIONAL_UNIT_NAME, text)


def subject(*rdns):
    """Each a part of its own, or a list: parts that are one."""
    return x509.Name([x509.RelativeDistinguishedName(rdn if isinstance(rdn, list) else [rdn])
                      for rdn in rdns])


def named(issuer, name, key=None):
    made = provider(issuer, key=key)
    now = datetime.datetime.utcnow()
    made.subject = name
    made.certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.subject)
        .public_key(made.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .sign(issuer.key, hashes.SHA256())
    )
    made.pem = made.certificate.public_bytes(serialization.Encoding.PEM).decode()
    return made


@pytest.fixture(scope="module")
def second(root):
    return Authority(bunq.key(24), "Another Middle", root)


@pytest.fixture
def bank(outside, tmp_path, root):
    """Outside the sandbox: a provider's user is found by names alone."""
    (tmp_path / "roots.pem").write_text(root.pem)
    nginx = outside(f"trivet_psp_ca {tmp_path}/roots.pem;")
    client = bunq.Client(nginx, key_number=3).install()
    client.nginx = nginx
    return client


def user_of(client, psp, *chain):
    answer = client.post(PATH, claim(client, psp, *chain), token=client.installation_token)
    bunq.assert_admitted(answer, client.server_key)
    number = answer.element("CredentialPasswordIp")["id"]
    keys = client.gateway.trivet("key", "list")
    return [key for key in keys if key["id"] == number][0]["user_id"]


SAME = [
    (subject(cn("A PISP", STRING.PrintableString)), subject(cn("A PISP", STRING.UTF8String)),
     subject(cn("A PISP", STRING.BMPString)), subject(cn("a pisp".replace("pisp", "PISP"))),
     subject(cn("  A   PISP "))),
    (subject([cn("B PISP"), org("X")]), subject([org("X"), cn("B PISP")])),
    (subject(cn("Caf\u00e9 PISP", STRING.UTF8String)),
     subject(cn("Caf\u00e9 PISP", STRING.BMPString))),
]

OTHERS = [
    (subject(cn("na\u00efve PISP")), subject(cn("na\\xC3\\xAFve PISP"))),
    (subject(cn("C PISP"), org("D")), subject(cn("C PISP/O=D"))),
    (subject(cn("D PISP"), org("D"), unit("U")), subject(cn("D PISP"), org("D/OU=U"))),
    (subject(cn("E PISP"), org("X")), subject([cn("E PISP"), org("X")])),
    (subject(cn("F PISP"), org("X")), subject(org("X"), cn("F PISP"))),
    (subject(cn("G PISP"), org("X")), subject(cn("G PISP"), unit("X"))),
    (subject(cn("H PISP")), subject(cn("H PISP"), org("X"))),
]


@pytest.mark.long
def test_a_provider_is_known_by_what_its_name_is_not_how_it_is_shown(bank, middle):
    for names in SAME:
        users = {user_of(bank, named(middle, name), middle) for name in names}
        assert len(users) == 1, names
    for names in OTHERS:
        users = {user_of(bank, named(middle, name), middle) for name in names}
        assert len(users) == len(names), names


def test_the_issuer_is_a_part_of_it(bank, middle, second):
    name = subject(cn("I PISP"))
    user = user_of(bank, named(middle, name), middle)
    assert user_of(bank, named(second, name), second) != user
    assert user_of(bank, named(middle, name, bunq.key(23)), middle) == user


def shown(name, escape="\\"):
    """As OpenSSL shows a name on one line (older ones escape no slash), and trivet
    knew one by that."""
    line = ""
    for part in name:
        text = "".join(chr(b) if 32 <= b <= 126 else f"\\x{b:02X}"
                       for b in part.value.encode())
        text = text.replace("/", escape + "/")
        line += f"/{part.rfc4514_attribute_name}={text}"
    return line


def open_store(client):
    return sqlite3.connect(client.gateway.data / "trivet.db", 10)


def put_old_user(client, name, key=None, escape="\\"):
    """A row as trivet wrote it when the shown name was all that counted."""
    line = shown(name, escape)
    hashed = (key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        if key else b"") + line.encode()
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    with contextlib.closing(open_store(client)) as db:
        row = db.execute(
            "INSERT INTO users (created_us, updated_us, kind, public_uuid, display_name,"
            " auto_logout_s, distinguished_name, psp_digest)"
            " VALUES (1, 1, (SELECT 2), ?, ?, 324000, ?, ?) RETURNING id",
            (str(uuid.uuid4()), common, line, hashlib.sha256(hashed).digest()),
        ).fetchone()
        db.commit()
    return row[0]


@pytest.mark.long
def test_who_was_known_by_a_name_that_only_one_has_goes_on_as_that_user(bank, middle, second):
    for name in (subject(cn("J PISP")), subject(org("Bank A/S"), cn("K PISP"))):
        old = put_old_user(bank, name)
        assert user_of(bank, named(middle, name), middle) == old
        assert user_of(bank, named(middle, name, bunq.key(23)), middle) == old
        # it is taken now
        assert user_of(bank, named(second, name), second) != old


ALIKE = [
    (subject(cn("na\u00efve PISP")), subject(cn("na\\xC3\\xAFve PISP"))),
    (subject(cn("na\\xC3\\xAFve PISP")), subject(cn("na\u00efve PISP"))),
    (subject(cn("C PISP"), org("D")), subject(cn("C PISP/O=D"))),
    (subject(cn("C PISP/O=D")), subject(cn("C PISP"), org("D"))),
    (subject(org("D"), unit("U"), cn("D PISP")), subject(org("D/OU=U"), cn("D PISP"))),
    (subject(cn("F PISP"), org("X")), subject([cn("F PISP"), org("X")])),
]


@pytest.mark.long
def test_nobody_becomes_an_old_user_by_a_name_that_is_shown_alike(bank, middle):
    for was, comes in ALIKE:
        with contextlib.closing(open_store(bank)) as db:
            db.execute("UPDATE users SET psp_digest = NULL")  # those of the case before
            db.commit()
        old = put_old_user(bank, was, escape="")
        made = user_of(bank, named(middle, comes), middle)
        assert made != old, (was, comes)
        assert user_of(bank, named(middle, comes), middle) == made


def test_in_the_sandbox_the_old_user_is_found_by_its_key(client, root, middle):
    name = subject(cn("na\u00efve PISP"))
    old = put_old_user(client, name, bunq.key(22))
    assert user_of(client, named(middle, name, bunq.key(23)), middle, root) != old
    assert user_of(client, named(middle, name, bunq.key(22)), middle, root) == old


def test_a_provider_does_not_pass_for_a_user_that_the_operator_named(client, root, middle):
    user = user_of(client, named(middle, subject(cn("Ada PISP"))), middle, root)
    key = client.gateway.trivet("key", "create", "--user", "Ada PISP")
    rows = client.gateway.trivet("key", "list")
    assert [row["user_id"] for row in rows if row["id"] == key["id"]] != [user]
