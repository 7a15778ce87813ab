# SPDX-License-Identifier: Apache-2.0
"""Wycheproof's RSA signatures through `trivet verify` and the gateway's verifier"""
import base64
import json
import subprocess

import pytest
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


def test_sha256_as_expected(tmp_path):
    num = 0
    for pem, case in cases("rsa_signature_2048_sha256_test.json"):
        wanted = case["result"] == "valid"
        assert is_taken(tmp_path, pem, case) == wanted, case["tcId"]
        num += 1
    assert num == 259


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
    for pem, case in cases(name):
        assert not is_taken(tmp_path, pem, case), case["tcId"]
