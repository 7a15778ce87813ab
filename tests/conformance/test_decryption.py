# SPDX-License-Identifier: Apache-2.0
"""Wycheproof's RSAES-PKCS1-v1_5 ciphertexts through the decrypter of bodies
(decrypt_driver.c): what is right is decrypted, and all that has a wrong
padding looks alike: random bytes, others each time"""
import json
import subprocess

from strangers import vectors
from gateway import BUILD

DRIVER = BUILD / "tests/decrypt_driver"


def ask(lines):
    """The driver's answers, one for each line."""
    result = subprocess.run(
        [DRIVER], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    answers = result.stdout.split()
    assert len(answers) == len(lines)
    return answers


def cases():
    """(case, answer, the answer to the same a second time)"""
    groups = json.loads(vectors("wycheproof", "rsa_pkcs1_2048_test.json").read_text())
    for group in groups["testGroups"]:
        pem = group["privateKeyPem"].encode().hex()
        lines = [f"key {pem}"]
        for case in group["tests"]:
            lines += [f"case {case['ct'] or '-'} {len(case['msg']) // 2}"] * 2
        key, *answers = ask(lines)
        assert key == "taken"
        yield from zip(group["tests"], answers[::2], answers[1::2])


def test_what_is_right_is_decrypted():
    num = 0
    for case, answer, again in cases():
        if case["result"] == "valid":
            assert answer == again == (case["msg"] or "-"), case["tcId"]
            num += 1
    assert num > 40


def test_wrong_paddings_cannot_be_told_apart():
    num = 0
    for case, answer, again in cases():
        if "InvalidPkcs1Padding" in case["flags"]:
            assert len(answer) == len(again) == len(case["msg"]), case["tcId"]
            assert answer != again and case["msg"] not in (answer, again), case["tcId"]
            num += 1
    assert num == 19


def test_what_is_no_ciphertext_is_told():
    """Its sender knows the length."""
    num = 0
    for case, answer, _ in cases():
        if "InvalidCiphertextFormat" in case["flags"]:
            assert answer == "malformed", case["tcId"]
            num += 1
    assert num == 6
