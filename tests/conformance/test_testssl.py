# SPDX-License-Identifier: Apache-2.0
"""testssl.sh against `trivet serve` as it comes"""
import json
import shutil
import subprocess

import pytest
from gateway import Gateway, environment

# What they would ask for cannot be had on localhost, and why.
EXCEPTED = {
    "cert_chain_of_trust": "the certificate is our own, of a CA of our own",
    "cert_revocation": "a CA of our own has neither CRL nor OCSP",
    "cert_crlDistributionPoints": "the same",
    "cert_ocspURL": "the same",
    "OCSP_stapling": "the same",
    "DNS_CAArecord": "there is no DNS here",
}
SERIOUS = {"MEDIUM", "HIGH", "CRITICAL"}

# All sections but those that try each cipher and play each browser, which
# rate nothing.
SECTIONS = ["-p", "-s", "-f", "-P", "-S", "-h", "-U", "-g"]


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    if shutil.which("testssl") is None:
        pytest.skip("testssl is not there: Debian's package testssl.sh has it")
    folder = tmp_path_factory.mktemp("testssl")
    with Gateway(folder / "data") as gateway:
        result = subprocess.run(
            ["testssl", "--quiet", "--color", "0", "--warnings", "batch"]
            + ["--nodns", "none", "--ip", "127.0.0.1", "--connect-timeout", "20"]
            + ["--openssl-timeout", "20", *SECTIONS]
            + ["--jsonfile", folder / "found.json", f"localhost:{gateway.port}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(),
            timeout=1200,
        )
    text = (folder / "found.json").read_text()
    assert text, result.stdout
    return {found["id"]: found for found in json.loads(text)}


@pytest.mark.long
def test_nothing_above_low(findings):
    bad = {
        name: (found["severity"], found["finding"])
        for name, found in findings.items()
        if found["severity"] in SERIOUS and name.split(" ")[0] not in EXCEPTED
    }
    assert not bad


@pytest.mark.long
def test_it_was_tried(findings):
    """What was not reached cannot be rated."""
    fatal = [found for found in findings.values() if found["severity"] == "FATAL"]
    assert not fatal
    for name in ("TLS1_2", "TLS1_3", "cipherlist_NULL", "heartbleed", "ROBOT", "POODLE_SSL"):
        assert name in findings
    assert findings["TLS1"]["finding"] == "not offered"
    assert findings["TLS1_1"]["finding"] == "not offered"
    assert findings["cipherlist_AVERAGE"]["finding"] == "not offered"
    # TLS 1.3 has names of sessions in their place, with the lifetime of those;
    # whether testssl sees them before it hangs up is a matter of time.
    assert findings["TLS_session_ticket"]["finding"] in (
        "no", "no -- no lifetime advertised", "valid for 300 seconds only (<daily)",
    )  # fmt: skip
