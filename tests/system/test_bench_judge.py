# SPDX-License-Identifier: Apache-2.0
"""bench/judge.py lets an honest server be measured, and no other one."""
import base64
import os
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import bunq  # noqa: E402
import judge  # noqa: E402
from gateway import IS_SANITIZED  # noqa: E402
from judged import Client, Peer  # noqa: E402
from servers import Api, Failed, Gateway  # noqa: E402

# ---- whom a peer lets in, and how the judge says it


class NoToken(Peer):
    finds = "with no token is not refused"

    def find(self, token):
        return super().find(token) or (self.sessions()[0] if token is None else None)


class UnknownToken(Peer):
    finds = "with an unknown token is not refused"

    def find(self, token):
        known = super().find(token)
        return known or (self.sessions()[0] if token else None)


class InstallationToken(Peer):
    finds = "with an installation's token is not refused"

    def has_kind(self, client, kind):
        return kind == "session" or super().has_kind(client, kind)


class NoSignature(Peer):
    finds = "with no signature is not refused"

    def is_signed(self, client, body, signature):
        return signature is None or super().is_signed(client, body, signature)


class EmptySignature(Peer):
    finds = "with an empty signature is not refused"

    def is_signed(self, client, body, signature):
        return signature == "" or super().is_signed(client, body, signature)


class SignatureThatIsNone(Peer):
    """Whatever cannot be verified was not wrong."""

    finds = "with a signature that is none is not refused"

    def is_signed(self, client, body, signature):
        if signature and len(signature) < 344:
            return True
        return super().is_signed(client, body, signature)


class WrongSignature(Peer):
    """Remembers a part of it."""

    finds = "with a wrong signature is not refused"

    def is_signed(self, client, body, signature):
        key = (client.key, body, signature and signature[:64])
        if key not in self.remembered and super().is_signed(client, body, signature):
            self.remembered[key] = True
        return key in self.remembered


class ChangedBody(Peer):
    """Remembers a signature without what was signed."""

    finds = "with a changed body is not refused"

    def is_signed(self, client, body, signature):
        key = (client.key, signature)
        if key not in self.remembered and super().is_signed(client, body, signature):
            self.remembered[key] = True
        return key in self.remembered


class ForeignKey(Peer):
    finds = "with a foreign key is not refused"

    def is_signed(self, client, body, signature):
        stranger = client._replace(key=bunq.key(judge.STRANGER).public_key())
        return any(super(ForeignKey, self).is_signed(c, body, signature)
                   for c in (client, stranger))  # fmt: skip


class AnotherClientsSignature(Peer):
    """Remembers a signature without whose it was."""

    finds = "with another client's signature is not refused"

    def is_signed(self, client, body, signature):
        key = (body, signature)
        if key not in self.remembered and super().is_signed(client, body, signature):
            self.remembered[key] = True
        return key in self.remembered


class AnotherClientsToken(Peer):
    """The first client may sign for all."""

    finds = "with another client's token is not refused"

    def is_signed(self, client, body, signature):
        first = next(iter(self.clients.values()))
        return any(super(AnotherClientsToken, self).is_signed(c, body, signature)
                   for c in (client, first))  # fmt: skip


class AnotherAddress(Peer):
    finds = "with another address is not refused"

    def has_address(self, client, address):
        return True


LETS_IN = (
    NoToken, UnknownToken, InstallationToken, NoSignature, EmptySignature,
    SignatureThatIsNone, WrongSignature, ChangedBody, ForeignKey,
    AnotherClientsSignature, AnotherClientsToken, AnotherAddress,
)  # fmt: skip


class LetsInTheSecondTime(Peer):
    """Remembers before it knows."""

    finds = "is not refused"

    def is_signed(self, client, body, signature):
        key = (client.key, body, signature)
        is_known = key in self.remembered
        self.remembered[key] = True
        return is_known or super().is_signed(client, body, signature)


# ---- who signs wrongly


class SignsMore(Peer):
    finds = "GET /v1/same/1k is not signed rightly"

    def sign(self, body, status):
        return super().sign(body + b"\n" if b"xxx" in body else body, status)


class SignsWithAnotherKey(Peer):
    finds = "opens no context"

    def sign(self, body, status):
        return bunq.sign(bunq.key(judge.STRANGER), body)


class SignsByAnotherScheme(Peer):
    finds = "opens no context"

    def sign(self, body, status):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        return base64.b64encode(self.key.sign(body, pss, hashes.SHA256())).decode()


class SignsNothing(Peer):
    finds = "GET /v1/same/1k is not signed rightly"

    def sign(self, body, status):
        return None if b"xxx" in body else super().sign(body, status)


class SignsNoRepeat(Peer):
    """Takes one answer for another: new ones get the signature of the first."""

    finds = "GET /v1/fresh/1k is not signed rightly"

    def sign(self, body, status):
        key = (len(body), body[-500:])
        if key not in self.remembered or body.startswith(b"xxxx"):
            self.remembered[key] = super().sign(body, status)
        return self.remembered[key]


class SignsRefusalsWrongly(Peer):
    finds = "the refusal is not signed rightly"

    def sign(self, body, status):
        return super().sign(body if status == 200 else body[1:], status)


SIGNS_WRONGLY = (
    SignsMore, SignsWithAnotherKey, SignsByAnotherScheme, SignsNothing, SignsNoRepeat,
    SignsRefusalsWrongly,
)  # fmt: skip

# ---- who does not do the work


class AnswersItself(Peer):
    finds = "GET /v1/same/1k has another answer than the API's"

    def api(self, path):
        return b"{}"


class RepeatsAnswers(Peer):
    finds = "gives an answer of the API twice"

    def api(self, path):
        return self.remembered.setdefault(path, super().api(path))


class RefusesAll(Peer):
    finds = "GET /v1/same/1k is refused"

    def has_kind(self, client, kind):
        return kind == "installation"


class GivesNoId(Peer):
    finds = "GET /v1/same/1k has no id"

    def response_id(self, body):
        return None if b"xxx" in body else super().response_id(body)


class LocksOut(Peer):
    """Forgets whom somebody signed for wrongly."""

    finds = "GET /v1/same/1k is refused"

    def is_signed(self, client, body, signature):
        if client.key in self.remembered:
            return False
        if super().is_signed(client, body, signature):
            return True
        self.remembered[client.key] = True
        return False


DOES_NOT_DO_IT = (AnswersItself, RepeatsAnswers, RefusesAll, GivesNoId, LocksOut)

# ---- the tests


def named(peers):
    return pytest.mark.parametrize("peer", peers, ids=lambda peer: peer.__name__)


def test_an_honest_peer_may_be_measured(prepared):
    with Peer(prepared) as peer:
        client = judge.judge(peer, "any")
        assert client.token in peer.clients


@pytest.mark.skipif(IS_SANITIZED, reason="nobody measures a sanitizer")
def test_the_gateway_may_be_measured(prepared, tmp_path):
    """With no API key given, each client has a user of its own."""
    with Api(tmp_path) as api, Gateway(tmp_path, prepared, api) as gateway:
        judge.judge(gateway)


@named((*LETS_IN, LetsInTheSecondTime, *SIGNS_WRONGLY, *DOES_NOT_DO_IT))
def test_a_fault_is_found(prepared, peer):
    with peer(prepared) as faulty:
        with pytest.raises(Failed, match=peer.finds):
            judge.judge(faulty, "any")


def test_each_wrong_call_has_a_peer_that_lets_it_in(prepared):
    with Peer(prepared) as peer:
        names = judge.wrong_calls(bunq.ready(peer, secret="any"), None)
    assert [peer.finds for peer in LETS_IN] == [f"with {n} is not refused" for n in names]


@pytest.mark.parametrize("is_known", [True, False])
def test_sessions_that_it_must_know(prepared, is_known):
    token, key = os.urandom(32).hex(), bunq.key(3)
    with Peer(prepared) as peer:
        if is_known:
            peer.clients[token] = Client("session", "127.0.0.1", key.public_key())
        samples = [(token, bunq.sign(key, b""))]
        if is_known:
            judge.judge(peer, "any", samples)
        else:
            with pytest.raises(Failed, match="is refused"):
                judge.judge(peer, "any", samples)
