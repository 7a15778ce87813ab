# SPDX-License-Identifier: Apache-2.0
"""Wycheproof's RSA signatures through the verifier, by way of `trivet verify`"""
import base64
import json
import subprocess

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from conftest import vectors
from gateway import TRIVET


def cases(name):
    for group in json.loads(vectors("wycheproof", name).read_text())["testGroups"]:
        for case in group["tests"]:
            yield group["publicKeyPem"], case


def is_taken(tmp_path, pem, case):
    key = tmp_path / "key.pem"
    key.write_text(pem)
    signature = base64.b64encode(bytes.fromhex(case["sig"])).decode()
    result = subprocess.run(
        [TRIVET, "verify", "--key", key, "--signature", signature],
        input=bytes.fromhex(case["msg"]),
        capture_output=True,
    )
    assert result.returncode >= 0, result
    return result.returncode == 0


def is_sha256(pem, case):
    """By another library."""
    try:
        serialization.load_pem_public_key(pem.encode()).verify(
            bytes.fromhex(case["sig"]),
            bytes.fromhex(case["msg"]),
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
    except InvalidSignature:
        return False
    return True


def test_sha256_as_expected(tmp_path):
    num = 0
    for pem, case in cases("rsa_signature_2048_sha256_test.json"):
        wanted = case["result"] == "valid"
        assert is_taken(tmp_path, pem, case) == wanted, case["tcId"]
        num += 1
    assert num == 259


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    [
        "rsa_signature_2048_sha224_test.json",
        "rsa_signature_2048_sha384_test.json",
        "rsa_signature_2048_sha512_test.json",
        "rsa_pss_2048_sha256_mgf1_32_test.json",
    ],
)
def test_other_schemes_are_refused(tmp_path, name):
    """But for the few that are SHA-256 signatures of the old scheme, there as
    wrong ones of another."""
    num_taken = 0
    for pem, case in cases(name):
        wanted = is_sha256(pem, case)
        assert is_taken(tmp_path, pem, case) == wanted, case["tcId"]
        num_taken += wanted
    assert num_taken <= 3
