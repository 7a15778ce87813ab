# SPDX-License-Identifier: Apache-2.0
"""receipts.py - receipts read and judged by `hashlib` and `cryptography` alone"""
import base64
import hashlib
import json
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

END = re.compile(rb',"previous":"([0-9a-f]{64})","n":(\d+),"hash":"([0-9a-f]{64})"\}\Z')


def files(folder):
    return sorted(folder.glob("receipts-*.jsonl"))


def lines(folder):
    return [line for file in files(folder) for line in file.read_bytes().splitlines(True)]


def read(folder):
    return [json.loads(line) for line in lines(folder)]


def key(folder, name):
    public = serialization.load_pem_public_key((folder / f"keys/{name}.pem").read_bytes())
    der = public.public_bytes(serialization.Encoding.DER,
                              serialization.PublicFormat.SubjectPublicKeyInfo)
    assert hashlib.sha256(der).hexdigest() == name
    return public


def body_of(part):
    if "body_base64" in part:
        return base64.b64decode(part["body_base64"])
    return part["body"].encode() if "body" in part else None


def judge_part(folder, part, is_request):
    """Whether the signature is right, and over the body that is named."""
    plain = "plain_sha256" if part.get("encrypted") else "sha256"
    body = body_of(part)
    if body is not None:
        assert hashlib.sha256(body).hexdigest() == part[plain]
    if "signature" not in part:
        return False
    signed = bytes.fromhex(part["signed"])
    key(folder, part["key"]).verify(
        base64.b64decode(part["signature"]), signed, padding.PKCS1v15(),
        Prehashed(hashes.SHA256()))
    if part["form"] == "body":
        assert part["signed"] == part["sha256"]
    elif body is not None and not is_request and not part.get("encrypted"):
        head = base64.b64decode(part["head_base64"])
        assert hashlib.sha256(head + body).digest() == signed
    return True


def judge(folder):
    """All receipts of a folder; AssertionError or InvalidSignature if one of them is
    not what was written."""
    previous, number, found = "0" * 64, 0, []
    for line in lines(folder):
        assert line.endswith(b"}\n"), line
        line = line[:-1]
        end = END.search(line)
        assert end, line
        assert end[1].decode() == previous
        number += 1
        assert int(end[2]) == number
        previous = end[3].decode()
        before = line[:end.start(3) - len(',"hash":"')]
        assert hashlib.sha256(before).hexdigest() == previous
        receipt = json.loads(line)
        assert judge_part(folder, receipt["request"], True)
        if receipt["answer"] is not None:
            is_signed = judge_part(folder, receipt["answer"], False)
            assert is_signed or receipt["answer"]["status"] >= 400 or "failure" in receipt
        found.append(receipt)
    return found


def is_genuine(folder):
    try:
        judge(folder)
    except (AssertionError, InvalidSignature, ValueError, KeyError, OSError):
        return False
    return True
