# SPDX-License-Identifier: Apache-2.0
"""Receipts of trivet proxy: what was asked and answered can be proven later, offline;
judged by Python's `cryptography`, too (receipts.py)"""
import hashlib
import json
import os
import shutil
import signal
import subprocess

import pytest

import receipts
from gateway import Gateway, wait_until
from proxy import Proxy, assert_refused
from storm import storm
from trivet_command import Trivet, login

UNTRUSTED = 6


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "receipts"


@pytest.fixture
def kept(proxy_of, caller, folder):
    return proxy_of(caller, "--receipts", folder)


@pytest.fixture
def full(proxy_of, caller, folder):
    return proxy_of(caller, "--receipts", folder, "--receipts-full")


def verify(trivet, path, *options):
    return trivet("receipt", "verify", path, *options)


def assert_genuine(trivet, folder, num):
    found = receipts.judge(folder)
    assert len(found) == num
    done = verify(trivet, folder)
    assert done.returncode == 0, done
    assert f"{num} receipts, number 1 to {num}: all are as they were written" in done.stdout
    return found


# ---- what is in one --------------------------------------------------------------


def test_what_is_in_a_receipt(kept, caller, folder, server):
    answer = kept.post("echo?a=b", b'{"amount": "12.50"}')
    assert answer.status == 200 and answer.header("Trivet-Receipt") == "1"
    (one,) = assert_genuine(caller, folder, 1)
    assert set(one) == {"version", "at", "request", "answer", "previous", "n", "hash"}
    request, reply = one["request"], one["answer"]
    assert (request["method"], request["url"]) == ("POST", server.url + "/echo?a=b")
    assert request["sha256"] == hashlib.sha256(b'{"amount": "12.50"}').hexdigest()
    assert request["signature"] == server.protocol.requests[-1][2][
        "x-bunq-client-signature"]
    assert reply["status"] == 200
    assert reply["sha256"] == hashlib.sha256(answer.body).hexdigest()
    assert reply["signature"] == answer.header("X-Bunq-Server-Signature")
    assert request["key"] != reply["key"]
    assert "12.50" not in receipts.lines(folder)[0].decode()  # no bodies unless asked


def test_bodies_when_they_are_wanted(full, caller, folder):
    bodies = [b'{"text": "\xc3\xa9\\u0000\\n"}', b"\x00\xff", b"", b"x" * 300000]
    answers = [full.post("echo", body) for body in bodies]
    found = assert_genuine(caller, folder, 4)
    for body, answer, receipt in zip(bodies, answers, found):
        assert receipts.body_of(receipt["request"]) == body
        assert receipts.body_of(receipt["answer"]) == answer.body


def test_errors_have_receipts_too(kept, caller, folder, server):
    server.protocol.misbehave("429", "thing", times=3)
    server.protocol.misbehave("490", "other")
    assert kept.get("thing").status == 429
    assert kept.get("other").status == 490
    found = assert_genuine(caller, folder, 2)
    assert [one["answer"]["status"] for one in found] == [429, 490]
    assert ["signature" in one["answer"] for one in found] == [False, True]
    assert "1 have an answer without a signature" in verify(caller, folder).stdout


def test_a_call_without_an_answer(kept, caller, folder, server):
    server.protocol.misbehave("dropped", "payment")
    answer = kept.post("payment")
    assert_refused(answer, 502, "outcome-unknown")
    assert answer.header("Trivet-Receipt") == "1"
    (one,) = assert_genuine(caller, folder, 1)
    assert one["answer"] is None and one["failure"] == "outcome-unknown"
    assert "1 have no answer" in verify(caller, folder).stdout


def test_an_answer_that_is_not_trusted(full, caller, folder, server):
    server.protocol.user_name = "Nobody may see this"
    server.protocol.misbehave("wrong-signature", "user")
    assert_refused(full.get("user"), 502, "answer-untrusted")
    (one,) = assert_genuine(caller, folder, 1)
    assert one["failure"] == "answer-untrusted"
    assert not {"signature", "body", "body_base64"} & set(one["answer"])
    assert b"Nobody" not in receipts.lines(folder)[0]


def test_what_was_not_sent_has_none(proxy_of, caller, folder, server):
    proxy = proxy_of(caller, "--receipts", folder, "--read-only")
    server.protocol.misbehave("last", "user")
    assert_refused(proxy.get("user"), 503, "server-unreachable")  # it was sent
    for answer in (proxy.get("other"), proxy.post("user")):
        assert answer.header("Trivet-Receipt") is None and answer.status in (503, 403)
    assert len(receipts.read(folder)) == 1


def test_no_secret_is_in_them(full, caller, folder, server):
    full.get("user")
    server.protocol.kill_sessions()
    full.get("user")
    assert_genuine(caller, folder, 2)
    text = b"".join(receipts.lines(folder)).decode()
    content = json.loads(caller.file.read_text())
    secrets = [server.protocol.api_key, *server.protocol.sessions,
               *server.protocol.installations,
               content["installation_context"]["private_key_client"][40:100]]
    for secret in secrets:
        assert secret not in text
    for file in [*receipts.files(folder), *folder.glob("keys/*")]:
        assert file.stat().st_mode & 0o777 == 0o600
    assert len(list(folder.glob("keys/*"))) == 2


# ---- gateways ---------------------------------------------------------------------


@pytest.mark.parametrize("profile", ["strict", "current", "classic"])
@pytest.mark.parametrize("encrypt", [False, True], ids=["plain", "encrypted"])
def test_receipts_of_a_gateway(tmp_path, profile, encrypt):
    folder = tmp_path / "receipts"
    with Gateway(tmp_path / "data", "--profile", profile) as gateway:
        trivet = Trivet(tmp_path, gateway.ca)
        assert login(trivet, gateway).returncode == 0
        with Proxy(trivet, "--limits", "off", "--receipts", folder, "--receipts-full",
                   *(["--encrypt"] if encrypt else [])) as proxy:
            for number in range(3):
                body = b'{"number": %d}' % number
                assert proxy.post("echo/thing", body).status == 200
            assert proxy.get("user").status == 200
    found = assert_genuine(trivet, folder, 4)
    forms = {one[part]["form"] for one in found for part in ("request", "answer")}
    if profile != "classic":
        assert forms == {"body"}
    else:
        assert "full" in forms
        assert "of the old form" in verify(trivet, folder).stdout
    text = b"".join(receipts.lines(folder)).decode()
    token = json.loads(trivet.file.read_text())["session_context"]["token"]
    assert token not in text
    for one in found:
        assert one["request"].get("encrypted", False) == encrypt
    assert receipts.body_of(found[2]["request"]) == b'{"number": 2}'


# ---- forgeries -----------------------------------------------------------------------


def rehash(line):
    """A line that has its hash, whatever was done to it."""
    end = receipts.END.search(line)
    before = line[:end.start(3) - len(',"hash":"')]
    return before + b',"hash":"%s"}' % hashlib.sha256(before).hexdigest().encode()


def change(line, old, new):
    assert old in line
    return line.replace(old, new, 1)


def rebuild(lines):
    """A chain made anew over what is in the lines."""
    previous, made = b"0" * 64, []
    for number, line in enumerate(lines, 1):
        end = receipts.END.search(line)
        before = line[:end.start()] + b',"previous":"%s","n":%d' % (previous, number)
        previous = hashlib.sha256(before).hexdigest().encode()
        made.append(before + b',"hash":"%s"}' % previous)
    return made


def swap_digest(line):
    """Another answer, whose digests fit."""
    one = json.loads(line)
    body = one["answer"]["body"].replace("UserPerson", "UserPirate")
    assert body != one["answer"]["body"]
    one["answer"]["body"] = body
    one["answer"]["sha256"] = one["answer"]["signed"] = hashlib.sha256(
        body.encode()).hexdigest()
    end = {name: one.pop(name) for name in ("previous", "n", "hash")}
    text = json.dumps({**one, **end}, separators=(",", ":"), ensure_ascii=False)
    return rehash(text.encode())


def change_only_digest(line):
    digest = json.loads(line)["answer"]["sha256"].encode()
    return rehash(line.replace(b'"sha256":"' + digest, b'"sha256":"' + b"0" * 64))


FORGERIES = {
    "a byte": lambda ls: [ls[0], change(ls[1], b"GET", b"PUT"), *ls[2:]],
    "a byte, and its hash": lambda ls: [ls[0], rehash(change(ls[1], b'"GET"', b'"PUT"')),
                                        *ls[2:]],
    "a blank": lambda ls: [ls[0], change(ls[1], b'{"version"', b'{ "version"'), *ls[2:]],
    "the first is missing": lambda ls: [change(ls[1], b'"n":2', b'"n":1'), *ls[2:]],
    "the first is missing, and hashed": lambda ls: [
        rehash(change(ls[1], b'"n":2', b'"n":1')), *ls[2:]],
    "one is missing": lambda ls: [ls[0], *ls[2:]],
    "two are missing": lambda ls: [ls[0], *ls[3:]],
    "another order": lambda ls: [ls[0], ls[2], ls[1], *ls[3:]],
    "one twice": lambda ls: [ls[0], ls[1], ls[1], *ls[2:]],
    "cut off": lambda ls: [*ls[:-1], ls[-1][:-40]],
    "an empty line": lambda ls: [ls[0], b"", *ls[1:]],
    "a new chain over another body": lambda ls: rebuild(
        [ls[0], swap_digest(ls[1]), *ls[2:]]),
    "a new chain over another digest": lambda ls: rebuild(
        [ls[0], change_only_digest(ls[1]), *ls[2:]]),
    "a new chain without an answer's signature": lambda ls: rebuild(
        [ls[0], change(ls[1], b'"answer":{', b'"answer":{"signature":"","x":{},'), *ls[2:]]),
    "a member twice": lambda ls: rebuild(
        [ls[0], change(ls[1], b'"version":1', b'"version":1,"version":1'), *ls[2:]]),
    "no JSON": lambda ls: rebuild([ls[0], change(ls[1], b"{", b"["), *ls[2:]]),
}


@pytest.fixture
def written(full, folder):
    """Five receipts."""
    for _ in range(5):
        assert full.get("user").status == 200
    full.close()
    return folder


@pytest.mark.parametrize("kind", FORGERIES)
def test_a_forgery_is_found(written, caller, kind):
    lines = written / "receipts-000001.jsonl"
    own = lines.read_bytes().splitlines()
    forged = FORGERIES[kind](own)
    lines.write_bytes(b"\n".join(forged) + b"\n")
    done = verify(caller, written)
    assert done.returncode == UNTRUSTED, done
    assert "not the receipts that were written" in done.stderr
    assert f"{lines}:" in done.stdout
    lines.write_bytes(b"\n".join(own) + b"\n")
    assert verify(caller, written).returncode == 0


def test_an_end_that_is_missing_is_found_by_the_last_hash(written, caller):
    lines = written / "receipts-000001.jsonl"
    own = lines.read_bytes().splitlines(True)
    last = json.loads(own[-1])["hash"]
    assert verify(caller, written, "--last", last).returncode == 0
    lines.write_bytes(b"".join(own[:-1]))
    assert verify(caller, written).returncode == 0  # nothing else can tell
    done = verify(caller, written, "--last", last)
    assert done.returncode == UNTRUSTED and "missing at the end" in done.stdout


@pytest.mark.parametrize("part", ["request", "answer"])
def test_a_signature_of_another_key_is_found(written, caller, part):
    """Also when the keys that are kept were changed."""
    one = json.loads((written / "receipts-000001.jsonl").read_bytes().splitlines()[0])
    own = written / f"keys/{one[part]['key']}.pem"
    other = written / f"keys/{one['answer' if part == 'request' else 'request']['key']}.pem"
    text = own.read_text()
    own.write_text(other.read_text())
    done = verify(caller, written)
    assert done.returncode == UNTRUSTED and "its key is not kept" in done.stdout
    own.unlink()
    assert verify(caller, written).returncode == UNTRUSTED
    own.write_text(text)
    lines = written / "receipts-000001.jsonl"
    keys = [p.stem for p in (own, other)]
    forged = [line.replace(b'"key":"%s"' % keys[0].encode(),
                           b'"key":"%s"' % keys[1].encode())
              for line in lines.read_bytes().splitlines()]
    lines.write_bytes(b"\n".join(rebuild(forged)) + b"\n")
    done = verify(caller, written)
    assert done.returncode == UNTRUSTED
    assert f"the {part}: its signature is wrong" in done.stdout


def test_python_and_trivet_agree(written, caller):
    """Each byte of a line, changed: both find it."""
    lines = written / "receipts-000001.jsonl"
    own = lines.read_bytes()
    for at in range(0, len(own), max(1, len(own) // 60)):
        lines.write_bytes(own[:at] + bytes([own[at] ^ 1]) + own[at + 1:])
        assert not receipts.is_genuine(written), at
        assert verify(caller, written).returncode == UNTRUSTED, at


@pytest.mark.parametrize("arguments", [
    ["verify"], ["prove", "x"], ["verify", "x", "y"]])
def test_what_is_no_verification(trivet_here, arguments):
    assert trivet_here("receipt", *arguments).returncode == 2


@pytest.fixture
def trivet_here(tmp_path, tls_authority):
    return Trivet(tmp_path, tls_authority.file)


def test_there_are_none(trivet_here, tmp_path):
    assert verify(trivet_here, tmp_path).returncode == 8
    assert verify(trivet_here, tmp_path / "x").returncode == 8
    (tmp_path / "empty").write_text("")
    assert verify(trivet_here, tmp_path / "empty").returncode == 8


# ---- files -------------------------------------------------------------------------


def test_files_are_rotated_and_chained(proxy_of, caller, folder):
    proxy = proxy_of(caller, "--receipts", folder, "--receipts-rotate", "4k")
    storm(40, lambda n: proxy.get(f"thing{n}"))
    assert len(receipts.files(folder)) > 4
    assert_genuine(caller, folder, 40)
    third = receipts.files(folder)[2]
    assert verify(caller, third).returncode == 0  # a file alone
    third.unlink()
    done = verify(caller, folder)
    assert done.returncode == UNTRUSTED and "are missing before it" in done.stdout


def test_many_at_once_are_one_chain(kept, caller, folder):
    answers = storm(60, lambda n: kept.post(f"thing{n}"))
    numbers = sorted(int(answer.header("Trivet-Receipt")) for answer in answers)
    assert numbers == list(range(1, 61))
    assert_genuine(caller, folder, 60)


def test_it_goes_on_after_a_reload_and_a_restart(proxy_of, caller, folder):
    proxy = proxy_of(caller, "--receipts", folder)
    proxy.get("a")
    worker = proxy.worker()
    proxy.process.send_signal(signal.SIGHUP)
    assert wait_until(lambda: proxy.workers() - {worker})
    proxy.get("b")
    proxy.close()
    assert proxy_of(caller, "--receipts", folder).get("c").header("Trivet-Receipt") == "3"
    assert_genuine(caller, folder, 3)


def test_after_a_kill_a_part_of_a_line_is_cut_off(proxy_of, caller, folder, server):
    proxy = proxy_of(caller, "--receipts", folder)
    proxy.may_crash = True
    for _ in range(3):
        proxy.get("user")
    proxy.kill_all()
    file = receipts.files(folder)[0]
    with open(file, "ab") as to:
        to.write(receipts.lines(folder)[0][:100])
    assert verify(caller, folder).returncode == UNTRUSTED
    again = proxy_of(caller, "--receipts", folder)
    again.may_crash = True  # it writes the same log
    assert again.get("user").status == 200
    assert_genuine(caller, folder, 4)


def test_a_worker_killed_in_the_middle(proxy_of, caller, folder, server):
    """All that was answered has its receipt."""
    proxy = proxy_of(caller, "--receipts", folder)
    proxy.may_crash = True
    numbers = []

    def many(n):
        for _ in range(6):
            try:
                answer = proxy.post(f"thing{n}")
            except OSError:
                continue
            except Exception as error:  # http.client's, of a lost connection
                assert "Disconnected" in type(error).__name__ \
                    or "Incomplete" in type(error).__name__ \
                    or "BadStatus" in type(error).__name__
                continue
            if answer.header("Trivet-Receipt"):
                numbers.append(int(answer.header("Trivet-Receipt")))

    def kill(_):
        wait_until(lambda: len(numbers) > 8)
        os.kill(proxy.worker(), signal.SIGKILL)

    storm(9, lambda n: (kill if n == 8 else many)(n))
    found = receipts.judge(folder)
    assert verify(caller, folder).returncode == 0
    assert numbers and set(numbers) <= {one["n"] for one in found}
    assert len(set(numbers)) == len(numbers)


# ---- a disk that is full -------------------------------------------------------------


@pytest.fixture
def small(tmp_path):
    """A disk of a megabyte."""
    path = tmp_path / "small"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "none", str(path)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("a file system cannot be mounted here")
    yield path
    subprocess.run(["umount", str(path)], check=True)


def fill(path):
    with open(path, "wb", buffering=0) as to:
        try:
            while True:
                to.write(b"\0" * 4096)
        except OSError:
            pass


def test_a_full_disk_keeps_calls_from_being_made(proxy_of, caller, small, server):
    proxy = proxy_of(caller, "--receipts", small / "kept")
    assert proxy.get("user").header("Trivet-Receipt") == "1"
    fill(small / "rest")
    while proxy.get("user").status == 200:  # what is reserved is used
        pass
    num = len(server.protocol.calls)
    for answer in (proxy.get("user"), proxy.post("payment")):
        assert_refused(answer, 503, "receipt-not-kept", "No space left")
    assert len(server.protocol.calls) == num
    (small / "rest").unlink()
    assert proxy.post("payment").status == 200
    assert_genuine(caller, small / "kept", len(receipts.read(small / "kept")))
    proxy.close()


def test_an_answer_that_there_is_no_room_for_is_handed_on(proxy_of, caller, small,
                                                          server):
    """The server has acted: the caller has the answer, and is told."""
    proxy = proxy_of(caller, "--receipts", small / "kept", "--receipts-full")
    assert proxy.get("thing").header("Trivet-Receipt") == "1"
    server.protocol.user_name = "x" * 1200000
    answer = proxy.get("user")
    assert answer.status == 200 and answer.header("Trivet-Receipt") == "none"
    assert b"xxx" in answer.body
    assert wait_until(lambda: "receipts cannot be kept: a line" in proxy.log())
    assert proxy.get("thing").header("Trivet-Receipt") == "2"
    assert_genuine(caller, small / "kept", 2)
    proxy.close()


def test_a_folder_that_is_gone(proxy_of, caller, folder, server):
    proxy = proxy_of(caller, "--receipts", folder)
    assert proxy.get("user").status == 200
    away = folder.with_name("away")
    folder.rename(away)
    num = len(server.protocol.calls)
    assert_refused(proxy.get("user"), 503, "receipt-not-kept")
    assert len(server.protocol.calls) == num
    away.rename(folder)
    assert proxy.get("user").header("Trivet-Receipt") == "2"
    assert_genuine(caller, folder, 2)


def test_a_folder_of_others_is_refused(caller, folder):
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    done = caller("proxy", "--listen", "127.0.0.1:0", "--receipts", folder)
    assert done.returncode == 2 and "the folder of receipts" in done.stderr


def test_full_receipts_need_a_folder(caller):
    done = caller("proxy", "--listen", "127.0.0.1:0", "--receipts-full")
    assert done.returncode == 2 and "--receipts" in done.stderr
    for size in ("0", "x", "-1"):
        done = caller("proxy", "--receipts", "x", "--receipts-rotate", size)
        assert done.returncode == 2, done
