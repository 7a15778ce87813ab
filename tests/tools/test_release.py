# SPDX-License-Identifier: Apache-2.0
"""tools/release: the same bytes twice, signed, with an SBOM; tools/check-abi"""
import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*command, check=True, **kwargs):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=300, **kwargs)
    assert not check or done.returncode == 0, done
    return done


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The tree as it is, as one commit at a known time."""
    folder = tmp_path_factory.mktemp("release") / "tree"
    folder.mkdir()
    names = run("git", "ls-files", "-co", "--exclude-standard", cwd=ROOT).stdout.splitlines()
    for name in names:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    when = {"GIT_AUTHOR_DATE": "2026-02-03T04:05:06Z", "GIT_COMMITTER_DATE": "2026-02-03T04:05:06Z"}
    for command in (["init", "-q"], ["add", "-A"],
                    ["-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "-qm", "x"]):
        run("git", *command, cwd=folder, env={**os.environ, **when})
    return folder


@pytest.fixture(scope="module")
def keyring(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gpg")
    folder.chmod(0o700)
    environment = {**os.environ, "GNUPGHOME": str(folder)}
    run("gpg", "--batch", "--passphrase", "", "--quick-generate-key", "release@localhost",
        "ed25519", "sign", env=environment)
    yield environment
    run("gpgconf", "--kill", "all", env=environment)


@pytest.fixture(scope="module")
def made(clone, keyring, tmp_path_factory):
    folders = [tmp_path_factory.mktemp("made") for _ in range(2)]
    for folder in folders:
        run(clone / "tools/release", folder, env=keyring)
    return folders


def test_the_same_bytes_twice(made):
    names = sorted(path.name for path in made[0].iterdir())
    assert [name.rpartition(".")[2] for name in names] == ["SHA256SUMS", "asc", "json", "xz"]
    for name in names:
        if not name.endswith(".asc"):
            assert (made[0] / name).read_bytes() == (made[1] / name).read_bytes(), name


def test_it_is_signed(made, keyring, tmp_path):
    for path in made[0].iterdir():
        shutil.copy(path, tmp_path)
    run("gpg", "--verify", "SHA256SUMS.asc", "SHA256SUMS", cwd=tmp_path, env=keyring)
    run("sha256sum", "-c", "SHA256SUMS", cwd=tmp_path)
    with open(tmp_path / "SHA256SUMS", "a", encoding="utf-8") as sums:
        sums.write("\n")
    assert run("gpg", "--verify", "SHA256SUMS.asc", "SHA256SUMS", cwd=tmp_path, env=keyring,
               check=False).returncode != 0


def test_what_is_in_it(made, tmp_path):
    archive = next(made[0].glob("*.tar.xz"))
    run("tar", "-xf", archive, "-C", tmp_path)
    tree = tmp_path / archive.name.removesuffix(".tar.xz")
    assert "\n.Dd February 3, 2026\n" in (tree / "man/trivet.1").read_text(encoding="utf-8")
    version = re.search(r"\((.*)\)", (tree / "debian/changelog").read_text("utf-8")).group(1)
    assert archive.name == f"trivet-{version}.tar.xz"
    shown = run("make", "-pn", "help", cwd=tree, check=False).stdout
    assert f"\nVERSION := {version}\n" in shown

    document = json.loads(next(made[0].glob("*.spdx.json")).read_text(encoding="utf-8"))
    files = {file["fileName"]: file["checksums"][1]["checksumValue"] for file in document["files"]}
    assert len(files) > 500
    for name, digest in files.items():
        assert hashlib.sha256((tree / name).read_bytes()).hexdigest() == digest, name
    ours = document["packages"][0]
    assert (ours["name"], ours["versionInfo"]) == ("trivet", version)
    assert ours["checksums"][0]["checksumValue"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    needed = {row["relatedSpdxElement"] for row in document["relationships"]
              if row["relationshipType"] == "DEPENDS_ON"}
    assert {"SPDXRef-Needed-openssl", "SPDXRef-Needed-nginx"} <= needed


def test_changes_that_are_not_committed_are_refused(clone, tmp_path):
    (clone / "new").write_text("x")
    done = run(clone / "tools/release", "--unsigned", tmp_path, check=False)
    (clone / "new").unlink()
    assert done.returncode == 1 and "not committed" in done.stderr


# ---- the ABI -----------------------------------------------------------------


@pytest.mark.skipif(not shutil.which("abidiff"), reason="needs abigail-tools")
@pytest.mark.parametrize("change, is_accepted", [
    ("", True),
    ("TRIVET_API int trivet_new(void); int trivet_new(void) { return 1; }", True),
    ("TRIVET_API int trivet_old(void); int trivet_old(void) { return 1; }", False),
])
def test_the_abi(tmp_path, change, is_accepted):
    """A library that gains a function fits; one that loses a function does not."""
    shutil.copytree(ROOT / "include", tmp_path / "include")
    (tmp_path / "client").mkdir()
    header = '#include "trivet/base.h"\nTRIVET_API int trivet_a(void);\n'
    body = "int trivet_a(void) { return 0; }\n"

    def build(text):
        (tmp_path / "x.c").write_text(header + body + text)
        run("gcc", "-g", "-shared", "-fPIC", "-Iinclude", "x.c", "-o", "lib.so", cwd=tmp_path)

    build(change if not is_accepted else "")
    run(ROOT / "tools/check-abi", "--store", "lib.so", cwd=tmp_path)
    build(change if is_accepted else "")
    done = run(ROOT / "tools/check-abi", "lib.so", cwd=tmp_path, check=False)
    assert (done.returncode == 0) == is_accepted, done
