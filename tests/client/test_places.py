# SPDX-License-Identifier: Apache-2.0
"""Where a context file is: read-only folders, mounts of their own, links of
other users, full disks."""

import json
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile

import pytest

from gateway import BUILD, ROOT

IS_SAN = "san" in BUILD.name
FLAGS = ["-m"] if os.geteuid() == 0 else ["-Urm"]
CAN_MOUNT = subprocess.run(["unshare", *FLAGS, "true"],
                           capture_output=True).returncode == 0
needs_mounts = pytest.mark.skipif(
    not CAN_MOUNT, reason="no mount namespace can be made here")
needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root makes files of another user")
NOBODY = 65534


def inside(trivet, script, **environment):
    """Runs a script with mounts of its own. $T is the command, $F the context
    file, $D its folder."""
    return subprocess.run(
        ["unshare", *FLAGS, "sh", "-ec", script],
        env={**trivet.environment, "T": str(BUILD / "trivet"),
             "F": str(trivet.file), "D": str(trivet.file.parent),
             "CA": str(trivet.ca), **environment},
        capture_output=True, text=True, timeout=120)


READ_ONLY = 'mount --bind "$D" "$D"; mount -o remount,bind,ro "$D"; '


def end_session(trivet):
    content = json.loads(trivet.file.read_text())
    content.pop("session_context", None)
    content["trivet"].pop("session_expires", None)
    trivet.file.write_text(json.dumps(content))


def expire_session(trivet):
    content = json.loads(trivet.file.read_text())
    content["trivet"]["session_expires"] = "2020-01-01 00:00:00.000000"
    trivet.file.write_text(json.dumps(content))


# ---- read-only folders -----------------------------------------------------


@needs_mounts
@pytest.mark.parametrize("end", [end_session, expire_session])
def test_a_read_only_folder(logged_in, server, end):
    end(logged_in)
    for name in ("default.json.lock", "default.json.throttle"):
        logged_in.file.with_name(name).unlink(missing_ok=True)
    before = logged_in.file.read_bytes()
    result = inside(logged_in, READ_ONLY + '"$T" call GET user')
    assert result.returncode == 0, result
    assert result.stderr.count("cannot be stored") == 1, result.stderr
    assert logged_in.file.read_bytes() == before
    assert sorted(os.listdir(logged_in.file.parent)) == ["default.json"]


@needs_mounts
def test_a_read_only_folder_with_its_lock(logged_in, server):
    """As it is when a writable one was copied or mounted elsewhere."""
    expire_session(logged_in)
    result = inside(logged_in, READ_ONLY + '"$T" call GET user')
    assert result.returncode == 0, result
    assert "cannot be stored" in result.stderr


@needs_mounts
def test_a_session_that_dies_in_memory_is_renewed_there(logged_in, server):
    """A handle goes on with its own, and does not fall back to the file's."""
    server.protocol.kill_sessions()
    logged_in.throttle_file.unlink(missing_ok=True)
    tool = BUILD / "tests" / "client_tool"
    result = inside(
        logged_in, READ_ONLY + f'{tool} threads "$F" 8 user; '
        f'{tool} twice "$F" 0 thing')
    assert result.returncode == 0, result
    assert server.protocol.count("/session-server") == 3  # one each handle


@needs_mounts
def test_a_live_session_in_a_read_only_folder_is_just_used(logged_in, server):
    result = inside(logged_in, READ_ONLY + '"$T" call GET user')
    assert result.returncode == 0 and result.stderr == "", result
    assert server.protocol.count("/session-server") == 1


@needs_mounts
@pytest.mark.parametrize("command,words", [
    ('login --new --api-key-file "$D/../../key"', "cannot be written"),
    ("pins clear", "cannot be written"),
    ("logout", "cannot be written"),
])
def test_what_has_to_be_written_says_so(logged_in, server, command, words):
    key = logged_in.folder / "key"
    key.write_text(server.protocol.api_key)
    key.chmod(0o600)
    result = inside(logged_in, READ_ONLY + f'"$T" {command}')
    assert result.returncode == 2 and words in result.stderr, result


@needs_mounts
def test_no_step_is_taken_that_cannot_be_kept(logged_in, server):
    content = json.loads(logged_in.file.read_text())
    del content["session_context"], content["installation_context"]["token"]
    del content["trivet"]["device_id"]
    logged_in.file.write_text(json.dumps(content))
    server.protocol.calls.clear()
    result = inside(logged_in, READ_ONLY + '"$T" call GET user')
    assert result.returncode == 2, result
    assert "log in where it can" in result.stderr
    assert server.protocol.calls == []


@needs_mounts
def test_read_only_secrets_of_a_container(trivet, server):
    """Docker and Kubernetes mount them 0444, of root, with links, read-only."""
    folder = trivet.folder / "secrets"
    (folder / "..data").mkdir(parents=True)
    key = folder / "..data" / "key"
    key.write_text(server.protocol.api_key)
    key.chmod(0o444)
    (folder / "key").symlink_to("..data/key")
    login = (f'"$T" login --url {server.url} --ca "$CA" '
             f'--api-key-file {folder}/key')
    result = inside(trivet, login)
    assert result.returncode == 2 and "chmod 600" in result.stderr, result
    result = inside(trivet, f"mount --bind {folder} {folder}; "
                    f"mount -o remount,bind,ro {folder}; {login}")
    assert result.returncode == 0, result


@needs_mounts
@needs_root
def test_a_context_of_another_owner_mounted_read_only(logged_in):
    logged_in.file.chmod(0o444)
    os.chown(logged_in.file, NOBODY, NOBODY)
    result = inside(logged_in, READ_ONLY + '"$T" call GET user')
    assert result.returncode == 0, result
    result = logged_in("call", "GET", "user")
    assert result.returncode == 2 and "another user" in result.stderr


@needs_root
def test_a_loose_secret_of_root_has_an_advice_that_helps(trivet, server):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        (folder / "home").mkdir()
        os.chown(folder / "home", NOBODY, NOBODY)
        key = folder / "key"
        key.write_text(server.protocol.api_key)
        key.chmod(0o444)
        result = subprocess.run(
            ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
             "--clear-groups", str(BUILD / "trivet"), "login", "--url",
             server.url, "--api-key-file", str(key)],
            env={**trivet.environment,
                 "TRIVET_CONFIG_DIR": str(folder / "home")},
            capture_output=True, text=True)
    assert result.returncode == 2, result
    assert "mounted read-only" in result.stderr
    assert "chmod" not in result.stderr


# ---- a file that is a mount of its own -------------------------------------

MOUNTED = 'mount --bind "$R" "$F"; '


@pytest.fixture
def mounted(logged_in):
    """The context's file lies elsewhere; its place is there to mount it on."""
    real = logged_in.folder / "real.json"
    shutil.move(logged_in.file, real)
    logged_in.file.touch(mode=0o600)
    logged_in.real = real
    return logged_in


def forget_session(trivet, long_name=False):
    """The written file is then longer, or else shorter, than this one."""
    content = json.loads(trivet.real.read_text())
    del content["session_context"]
    if long_name:
        content["unknown"] = "x" * 20000
    trivet.real.write_text(json.dumps(content))
    trivet.throttle_file.unlink(missing_ok=True)


@needs_mounts
@pytest.mark.parametrize("is_long", [False, True])
def test_a_mounted_file_is_rewritten(mounted, server, is_long):
    forget_session(mounted, is_long)
    inode = mounted.real.stat().st_ino
    result = inside(mounted, MOUNTED + '"$T" call GET user; '
                    '"$T" call GET thing', R=str(mounted.real))
    assert result.returncode == 0 and result.stderr == "", result
    content = json.loads(mounted.real.read_text())
    assert "session_context" in content
    assert mounted.real.stat().st_ino == inode
    assert stat.S_IMODE(mounted.real.stat().st_mode) == 0o600
    assert server.protocol.count("/session-server") == 2
    assert not [n for n in os.listdir(mounted.file.parent) if "tmp" in n]


@needs_mounts
def test_a_mounted_file_in_a_read_only_folder(mounted, server):
    """No lock file can be made there: the file itself is locked."""
    forget_session(mounted)
    for name in ("default.json.lock", "default.json.throttle"):
        mounted.file.with_name(name).unlink(missing_ok=True)
    result = inside(
        mounted, READ_ONLY + MOUNTED + 'for i in 1 2 3 4; do '
        '"$T" call GET thing$i & p="$p $!"; done; for i in $p; do wait $i; '
        'done', R=str(mounted.real))
    assert result.returncode == 0 and result.stderr == "", result
    assert "session_context" in json.loads(mounted.real.read_text())
    assert server.protocol.count("/session-server") == 2


@needs_mounts
def test_a_mounted_file_that_is_read_only(mounted, server):
    forget_session(mounted)
    before = mounted.real.read_bytes()
    result = inside(mounted, MOUNTED + 'mount -o remount,bind,ro "$F"; '
                    '"$T" call GET user', R=str(mounted.real))
    assert result.returncode == 0, result
    assert "cannot be stored" in result.stderr
    assert mounted.real.read_bytes() == before


@pytest.fixture(scope="session")
def killer(tmp_path_factory):
    library = tmp_path_factory.mktemp("preload") / "kill_at.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(library),
                    str(ROOT / "tests" / "client" / "kill_at.c"), "-ldl"],
                   check=True)
    return library


@needs_mounts
@pytest.mark.skipif(IS_SAN, reason="the sanitizer must be loaded first")
@pytest.mark.parametrize("what,is_long", [
    ("pwrite", False), ("pwrite", True), ("fsync", False),
    ("ftruncate", True)])
def test_killed_while_it_rewrites(mounted, server, killer, what, is_long):
    """At each moment the file has the old text or the new one."""
    num_kills = 0
    for number in range(1, 20):
        forget_session(mounted, is_long)
        old = json.loads(mounted.real.read_text())
        script = (
            MOUNTED + f'LD_PRELOAD={killer} KILL_AT={what}:{number} '
            '"$T" call GET user --no-throttle >"$R.out" 2>&1 || echo IT DIED; '
            'cp "$R" "$R.seen"; "$T" status --json || true; "$T" sign </dev/null')
        result = inside(mounted, script, R=str(mounted.real))
        assert result.returncode == 0, result
        if "IT DIED" not in result.stdout:
            break
        num_kills += 1
        assert '"alive":' in result.stdout, result
        # And it goes on from there, to a file that others can read.
        mounted.throttle_file.unlink(missing_ok=True)
        result = inside(mounted, MOUNTED + '"$T" logout; '
                        '"$T" call GET user --no-throttle',
                        R=str(mounted.real))
        assert result.returncode == 0, (number, result)
        new = json.loads(mounted.real.read_text())
        assert new["api_key"] == old["api_key"]
        assert new["installation_context"] == old["installation_context"]
    else:
        pytest.fail("the call never came through: "
                    + open(f"{mounted.real}.out").read())
    assert num_kills >= (1 if what == "ftruncate" else 2)


def write_journal(old, new, cut=0):
    """What a writer that was killed leaves, by the rules of inplace.h."""
    import hashlib
    start = max(len(old), len(new)) + 1
    whole = (old + bytes(start - len(old)) + new + b"TRIVETJ1"
             + len(new).to_bytes(8, "big") + hashlib.sha256(new).digest())
    return whole[:len(whole) - cut]


@pytest.mark.parametrize("name,is_new", [
    ("whole", True), ("front half written", True), ("cut", False),
    ("zeros", False), ("a byte wrong", False), ("length wrong", False),
])
def test_what_a_killed_writer_leaves(logged_in, name, is_new):
    new = logged_in.file.read_bytes()
    content = json.loads(new)
    del content["session_context"], content["trivet"]["session_expires"]
    old = json.dumps(content).encode()
    file = write_journal(old, new, cut=(name == "cut"))
    if name == "front half written":
        file = new[:len(new) // 2] + file[len(new) // 2:]
    elif name == "zeros":
        file = old + bytes(len(file) - len(old))
    elif name == "a byte wrong":
        file = file[:-100] + bytes([file[-100] ^ 1]) + file[-99:]
    elif name == "length wrong":
        file = file[:-34] + b"\xff\xff" + file[-32:]
    logged_in.file.write_bytes(file)
    result = logged_in("status")
    assert result.returncode == (0 if is_new else 3), (name, result)
    result = logged_in("call", "GET", "user")
    assert result.returncode == 0, result
    if not is_new:
        json.loads(logged_in.file.read_text())  # written anew


# ---- full disks ------------------------------------------------------------

SMALL_DISK = 'mkdir -p "$D/../small"; mount -t tmpfs -o size=64k,mode=0700 ' \
             'tmpfs "$D/../small"; cp -p "$R" "$D/../small/x.json"; '
FILL = 'dd if=/dev/zero of="$D/../small/fill" bs=1k count=999 2>/dev/null || ' \
       'true; '


@needs_mounts
@pytest.mark.parametrize("is_mount", [False, True])
def test_a_full_disk(mounted, server, is_mount):
    forget_session(mounted)
    old = mounted.real.read_bytes()
    mount = 'mount --bind "$D/../small/x.json" "$F"; ' if is_mount else \
        'F="$D/../small/x.json"; '
    script = SMALL_DISK + mount + FILL \
        + '"$T" call -c "$F" GET user; cat "$F" > "$R.after"'
    result = inside(mounted, script, R=str(mounted.real))
    assert result.returncode == 0, result
    assert "cannot be stored" in result.stderr
    after = mounted.real.with_name("real.json.after").read_bytes()
    assert after == old


# ---- links of other users --------------------------------------------------


def run_on(trivet, file, *arguments):
    return trivet(*arguments, "--context", file)


@needs_root
@pytest.mark.parametrize("where", ["file", "folder", "middle"])
def test_a_link_of_another_user_is_not_followed(logged_in, tmp_path, where):
    """In a sticky folder that all may write to, anybody makes links."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    link = shared / "link"
    target, file = {
        "file": (logged_in.file, link),
        "folder": (logged_in.file.parent, link / "default.json"),
        "middle": (logged_in.file.parent.parent,
                   link / "contexts" / "default.json"),
    }[where]
    link.symlink_to(target)
    assert run_on(logged_in, file, "status").returncode == 0  # root's
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    before = logged_in.file.read_bytes()
    for command in ("status", "logout", "doctor"):
        result = run_on(logged_in, file, command)
        assert result.returncode == 2, (command, result)
        assert "link of another user" in result.stderr + result.stdout
    if where != "file":
        result = logged_in("export", link / "new")
        assert result.returncode == 2, result
        assert not (logged_in.file.parent / "new").exists()
    assert logged_in.file.read_bytes() == before


@needs_root
def test_a_link_to_a_link_of_another_user(logged_in, tmp_path):
    (tmp_path / "theirs").symlink_to(logged_in.file)
    os.chown(tmp_path / "theirs", NOBODY, NOBODY, follow_symlinks=False)
    (tmp_path / "ours").symlink_to("theirs")
    result = run_on(logged_in, tmp_path / "ours", "status")
    assert result.returncode == 2 and "another user" in result.stderr, result


def test_links_of_our_own_are_followed(logged_in, tmp_path):
    (tmp_path / "a").symlink_to(logged_in.file.parent)
    (tmp_path / "b").symlink_to("a/../contexts/default.json")
    assert run_on(logged_in, tmp_path / "a" / "default.json",
                  "status").returncode == 0
    (tmp_path / "c").symlink_to(tmp_path / "a" / "default.json")
    assert run_on(logged_in, tmp_path / "c", "logout").returncode == 0
    assert "session_context" not in json.loads(logged_in.file.read_text())
    (tmp_path / "loop").symlink_to("loop")
    result = run_on(logged_in, tmp_path / "loop", "status")
    assert result.returncode != 0 and result.returncode > 0, result


@pytest.mark.parametrize("name", ["default.json.lock",
                                  "default.json.throttle"])
def test_lock_and_throttle_are_no_links(logged_in, tmp_path, name):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    victim.chmod(0o600)
    path = logged_in.file.with_name(name)
    path.unlink(missing_ok=True)
    for make in (path.symlink_to, path.hardlink_to):
        make(victim)
        end_session(logged_in)
        logged_in("call", "GET", "user", "--max-wait", "0")
        assert victim.read_text() == "precious"
        path.unlink()


@needs_root
@pytest.mark.parametrize("name", ["default.json.lock"])
def test_a_lock_of_another_user_is_told(logged_in, name):
    path = logged_in.file.with_name(name)
    path.touch()
    os.chown(path, NOBODY, NOBODY)
    end_session(logged_in)
    result = logged_in("call", "GET", "user")
    assert result.returncode == 2 and "another user" in result.stderr, result


def test_the_temporary_file_is_never_followed(logged_in, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    logged_in.file.with_name("default.json.tmp").symlink_to(victim)
    assert logged_in("logout").returncode == 0
    assert victim.read_text() == "precious"
    assert not logged_in.file.is_symlink()


def test_a_folder_or_a_pipe_is_no_context(trivet, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for file in (tmp_path, str(tmp_path) + "/", tmp_path / "pipe"):
        result = trivet("status", "--context", file, timeout=20)
        assert result.returncode == 2, (file, result)
