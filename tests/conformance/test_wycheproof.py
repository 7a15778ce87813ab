# SPDX-License-Identifier: Apache-2.0
"""Wycheproof's RSA signatures through installation's check of a key and the
gateway's verifier (verify_driver.c)"""
import json
import subprocess

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from strangers import vectors
from gateway import BUILD

DRIVER = BUILD / "tests/verify_driver"


def groups(name):
    return json.loads(vectors("wycheproof", name).read_text())["testGroups"]


def ask(lines):
    """The driver's answers, one for each line."""
    result = subprocess.run(
        [DRIVER], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    answers = result.stdout.split()
    assert len(answers) == len(lines)
    return answers


def judge(group, word="case"):
    """Whether the key is taken, and (case, whether it is) of each signature."""
    lines = [f"key {group['publicKeyDer']}"]
    for case in group["tests"]:
        lines.append(f"{word} {case['msg'] or '-'} {case['sig'] or '-'}")
    key, *answers = ask(lines)
    assert set(answers) <= {"yes", "no"}
    cases = zip(group["tests"], answers)
    return key == "taken", [(case, answer == "yes") for case, answer in cases]


def is_e_3(group):
    return int(group["publicKey"]["publicExponent"], 16) == 3


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


def test_sha256_as_expected():
    """A key with the exponent 3 gets no installation: all of it is refused."""
    num = num_valid = 0
    for group in groups("rsa_signature_2048_sha256_test.json"):
        is_taken, cases = judge(group)
        assert is_taken != is_e_3(group)
        for case, is_right in cases:
            wanted = is_taken and case["result"] == "valid"
            assert is_right == wanted, case["tcId"]
            num += 1
            num_valid += wanted
    assert num == 259
    assert num_valid > 5


def test_sha256_of_stored_keys():
    """What a store has from before is verified, the exponent 3 too."""
    num = num_e_3 = 0
    for group in groups("rsa_signature_2048_sha256_test.json"):
        for case, is_right in judge(group, "stored")[1]:
            assert is_right == (case["result"] == "valid"), case["tcId"]
            num += 1
            num_e_3 += is_e_3(group) and is_right
    assert num == 259
    assert num_e_3 > 0


@pytest.mark.parametrize(
    "name, least",
    [
        ("rsa_signature_2048_sha224_test.json", 250),
        ("rsa_signature_2048_sha384_test.json", 250),
        ("rsa_signature_2048_sha512_test.json", 250),
        ("rsa_pss_2048_sha256_mgf1_32_test.json", 100),
    ],
)
@pytest.mark.parametrize("word", ["case", "stored"])
def test_other_schemes_are_refused(name, least, word):
    """But for the few that are SHA-256 signatures of the old scheme, there as
    wrong ones of another."""
    num = num_right = 0
    for group in groups(name):
        is_taken, cases = judge(group, word)
        for case, is_right in cases:
            wanted = is_sha256(group["publicKeyPem"], case)
            if word == "case":
                wanted = wanted and is_taken
            assert is_right == wanted, case["tcId"]
            num += 1
            num_right += wanted
    assert num >= least
    assert num_right <= 3


def test_the_driver_tells_right_from_wrong():
    """It is asked here, so that a driver that always refuses is found out."""
    group = groups("rsa_signature_2048_sha256_test.json")[0]
    case = next(case for case in group["tests"] if case["result"] == "valid" and case["msg"])
    key = f"key {group['publicKeyDer']}"
    assert ask([key, f"case {case['msg']} {case['sig']}"]) == ["taken", "yes"]
    assert ask([key, f"case {case['msg']}00 {case['sig']}"]) == ["taken", "no"]
    assert ask(["key 3000", f"case {case['msg']} {case['sig']}"]) == ["refused", "no"]
