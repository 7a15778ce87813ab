# SPDX-License-Identifier: Apache-2.0
"""sessions.py - fills a store with sessions and API keys, past the gateway

Rows are as the gateway would have written them, ten sessions to an installation
with its own user, API key, device and address. Only the audit knows nothing of
them. Digests are inserted in their order, which makes ten million a matter of
minutes; a look-up still begins at a random place of the index.
"""
import base64
import hashlib
import heapq
import ipaddress
import itertools
import json
import math
import os
import random
import shutil
import sqlite3
import time
import uuid

from cryptography.hazmat.backends.openssl import backend
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from servers import ROOT, Failed, make_data

import bunq  # tests/support, found by servers

CACHE = ROOT / "build/bench"
LOCALHOST = bytes(10) + b"\xff\xff" + bytes([127, 0, 0, 1])
PER_INSTALLATION = 10
NUM_SAMPLES = 30000
NUM_KEYS = 2048  # more than a worker keeps parsed (authority/authority.c)
LIFE_S = 2147483
US = 1000000


def digest(token):
    return hashlib.sha256(token.encode()).digest()


# ---- keys --------------------------------------------------------------------


def _primes(count):
    """Few primes make many keys: good enough to measure with. Kept."""
    path = CACHE / "primes.json"
    numbers = json.loads(path.read_text()) if path.exists() else []
    if len(numbers) < count:
        while len(numbers) < count:
            private = rsa.generate_private_key(65537, 2048).private_numbers()
            numbers += [private.p, private.q]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(numbers))
    return numbers


def _without_check(numbers):
    """Checking a key takes a hundred times as long as making it of known primes."""
    try:
        return numbers.private_key(unsafe_skip_rsa_key_validation=True)
    except TypeError:  # the cryptography of Debian 12 has it elsewhere
        backend._rsa_skip_check_key = True
        try:
            return numbers.private_key()
        finally:
            backend._rsa_skip_check_key = False


def many_keys(count):
    """Different RSA keys, quickly made: each of two primes of a small stock."""
    keys = []
    num_primes = math.isqrt(3 * count) + 4  # some pairs make no key
    for p, q in itertools.combinations(_primes(num_primes), 2):
        if len(keys) == count:
            break
        n, phi = p * q, (p - 1) * (q - 1)
        if n.bit_length() != 2048 or phi % 65537 == 0:
            continue
        d = pow(65537, -1, phi)
        public = rsa.RSAPublicNumbers(65537, n)
        crt = (d % (p - 1), d % (q - 1), pow(q, -1, p))
        numbers = rsa.RSAPrivateNumbers(p, q, d, *crt, public)
        keys.append(_without_check(numbers))
    if len(keys) < count:
        raise Failed(f"{num_primes} primes make {len(keys)} keys only")
    return keys


def _public_der(key):
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _crowd_keys(count):
    """(DER, PEM, signature of the empty body) of so many keys. Kept."""
    path = CACHE / f"keys-{NUM_KEYS}.json"
    if not path.exists():
        found = [
            (_public_der(key).hex(), bunq.public_pem(key), bunq.sign(key, b""))
            for key in many_keys(NUM_KEYS)
        ]
        path.write_text(json.dumps(found))
    found = json.loads(path.read_text())[:count]
    return [(bytes.fromhex(der), pem, signature) for der, pem, signature in found]


# ---- rows --------------------------------------------------------------------


def _rising_digests(count):
    """Random digests in rising order, as if sorted."""
    step = 2**64 // max(count, 1)
    for place in range(count):
        start = place * step + random.randrange(step)
        yield start.to_bytes(8, "big") + os.urandom(24)


def _users(first, count, now):
    for i in range(first, first + count):
        yield i, now, now, 0, str(uuid.UUID(int=(i << 64) + 1)), f"user {i}", LIFE_S


def put_api_keys(store, count):
    """API keys that wait for their first device; the secrets of them."""
    secrets = [os.urandom(32).hex() for _ in range(count)]
    now = int(time.time() * US)
    with sqlite3.connect(store, timeout=30) as db:
        (first,) = db.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM users").fetchone()
        db.executemany(
            "INSERT INTO users (id, created_us, updated_us, kind, public_uuid,"
            " display_name, auto_logout_s) VALUES (?, ?, ?, ?, ?, ?, ?)",
            _users(first, count, now),
        )
        db.executemany(
            "INSERT INTO api_key (created_us, updated_us, user_id, digest, label,"
            " expires_us) VALUES (?, ?, ?, ?, 'bench', ?)",
            (
                (now, now, first + i, digest(secret), now + LIFE_S * US)
                for i, secret in enumerate(secrets)
            ),
        )
    db.close()
    return secrets


def _put_installations(db, count, keys, now):
    """Users, API keys, addresses, installations and devices, numbers 1 to count."""
    numbers = range(1, count + 1)
    (server_key,) = db.execute("SELECT id FROM server_key").fetchone()
    db.executemany(
        "INSERT INTO users (id, created_us, updated_us, kind, public_uuid,"
        " display_name, auto_logout_s) VALUES (?, ?, ?, ?, ?, ?, ?)",
        _users(1, count, now),
    )
    db.executemany(
        "INSERT INTO api_key (id, created_us, updated_us, user_id, digest, label,"
        " expires_us, bound_us) VALUES (?, ?, ?, ?, ?, 'bench', ?, ?)",
        (
            (i, now, now, i, key_digest, now, now)
            for i, key_digest in zip(numbers, _rising_digests(count))
        ),
    )
    db.executemany(
        "INSERT INTO permitted_ip (created_us, updated_us, api_key_id, address)"
        " VALUES (?, ?, ?, ?)",
        ((now, now, i, LOCALHOST) for i in numbers),
    )
    db.executemany(
        "INSERT INTO installation (id, created_us, public_der, public_text, address,"
        " server_key_id) VALUES (?, ?, ?, ?, ?, ?)",
        (
            (i, now, *keys[i % len(keys)][:2], LOCALHOST, server_key)
            for i in numbers
        ),
    )
    db.executemany(
        "INSERT INTO device (id, created_us, installation_id, api_key_id, description,"
        " address) VALUES (?, ?, ?, ?, 'bench', ?)",
        ((i, now, i, i, LOCALHOST) for i in numbers),
    )


def _samples(count, num_installations, num_keys):
    """[digest, token, installation]. One after another they have different keys,
    so that keys which a worker keeps parsed help only where all fit."""
    samples = []
    wanted = min(count, NUM_SAMPLES)
    for i in range(wanted):
        lowest = i % min(num_keys, num_installations)
        times = (num_installations - lowest - 1) // num_keys
        installation = 1 + lowest + num_keys * random.randint(0, times)
        token = os.urandom(32).hex()
        samples.append((digest(token), token, installation))
    return samples


def _session_rows(count, num_installations, samples, now):
    """Others get random digests: nobody will ask for them."""
    known = [(sample[0], sample[2]) for sample in samples]
    order = list(range(1, num_installations + 1))
    random.shuffle(order)
    others = zip(_rising_digests(count - len(known)), itertools.cycle(order))
    for session_digest, device in heapq.merge(sorted(known), others):
        yield now, now, session_digest, device


def _fill(data, count):
    num_installations = max(count // PER_INSTALLATION, 1)
    keys = _crowd_keys(min(NUM_KEYS, num_installations))
    now = int(time.time() * US)
    samples = _samples(count, num_installations, len(keys))

    db = sqlite3.connect(data / "trivet.db")
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA journal_mode = OFF")
    db.execute("PRAGMA cache_size = -400000")
    indexes = db.execute(
        "SELECT name, sql FROM sqlite_master"
        " WHERE type = 'index' AND tbl_name = 'session' AND sql IS NOT NULL"
    ).fetchall()
    ((put_row,),) = db.execute(
        "SELECT sql FROM sqlite_master WHERE name = 'admission_session_put'"
    ).fetchall()
    with db:
        db.execute("DROP TRIGGER admission_session_put")
        for name, _ in indexes:  # sorted at the end is a matter of seconds
            db.execute(f"DROP INDEX {name}")
        _put_installations(db, num_installations, keys, now)
        db.executemany(
            "INSERT INTO session (created_us, anchored_us, digest, device_id)"
            " VALUES (?, ?, ?, ?)",
            _session_rows(count, num_installations, samples, now),
        )
        for _, sql in indexes:
            db.execute(sql)
        db.execute("INSERT INTO admission SELECT * FROM admissible ORDER BY digest")
        db.execute(put_row)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    (found,) = db.execute("SELECT COUNT(*) FROM session").fetchone()
    db.close()
    if found != count:
        raise Failed(f"{data}: {found} sessions, not {count}")

    (data / "samples").write_text(
        "".join(
            f"{token} {keys[installation % len(keys)][2]}\n"
            for _, token, installation in samples
        )
    )


def _fingerprint():
    """Of what a cached store depends on."""
    hasher = hashlib.sha256()
    for path in [*sorted((ROOT / "store/schema/sqlite").iterdir()), ROOT / "bench/sessions.py"]:
        hasher.update(path.read_bytes())
    return hasher.hexdigest()[:12]


def store_with(count, say):
    """A data directory with so many sessions, made once and kept in build/bench;
    and [(token, signature of the empty body)] of some of them."""
    folder = CACHE / f"sessions-{count}-{_fingerprint()}"
    data = folder / "data"
    done = data / "samples"
    is_fresh = done.exists() and time.time() - done.stat().st_mtime < LIFE_S / 2
    if not is_fresh:
        say(f"making a store with {count:,} sessions in {folder.relative_to(ROOT)}")
        for old in CACHE.glob(f"sessions-{count}-*"):
            shutil.rmtree(old)
        make_data(data)
        _fill(data, count)
    return data, [line.split() for line in done.read_text().splitlines()]


def dump(data, path):
    """The sessions of a store for the peers that read them at their start, a line
    for each: the token's digest, an address, the client's public key."""
    db = sqlite3.connect(data / "trivet.db")
    rows = db.execute(
        "SELECT a.digest, a.addresses, i.public_der FROM admission a"
        " JOIN installation i ON i.id = a.installation_id"
    )
    path.write_text(
        "".join(
            f"{token.hex()} {ipaddress.ip_address(address[:16]).ipv4_mapped}"
            f" {base64.b64encode(der).decode()}\n"
            for token, address, der in rows
        )
    )
    db.close()
    return path


def server_settings(data, api_key, dumped):
    """For the peers: a function of their folder that gives their settings."""
    pem = (data / "server.pem").read_bytes()
    key = serialization.load_pem_private_key(pem, None)
    pkcs8 = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    values = {
        "api_key": api_key,
        "server_pem": pem.decode(),
        "server_public_pem": bunq.public_pem(key),
        "server_pkcs8": base64.b64encode(pkcs8).decode(),
        "sessions": str(dumped),
    }
    return lambda folder: json.dumps({"folder": folder, **values})
