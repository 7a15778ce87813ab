# SPDX-License-Identifier: Apache-2.0
"""found.py - the store as it is, in rows for the end of a history"""
import ipaddress

TABLES = {
    "installation": "SELECT id, encode(sha256(public_der), 'hex')"
                    " FROM installation",
    "device": "SELECT d.id, d.installation_id, encode(k.digest, 'hex'),"
              " d.description FROM device d JOIN api_key k ON k.id = d.api_key_id",
    "session": "SELECT s.id, d.installation_id, encode(k.digest, 'hex'),"
               " s.ended_us IS NOT NULL FROM session s"
               " JOIN device d ON d.id = s.device_id"
               " JOIN api_key k ON k.id = d.api_key_id",
    "key": "SELECT encode(digest, 'hex'), revoked_us IS NOT NULL FROM api_key",
    "address": "SELECT encode(k.digest, 'hex'), p.address, p.is_active <> 0"
               " FROM permitted_ip p JOIN api_key k ON k.id = p.api_key_id",
}
COLUMNS = {
    "installation": ["id", "key"],
    "device": ["id", "installation", "secret", "description"],
    "session": ["id", "installation", "secret", "is_ended"],
    "key": ["secret", "is_revoked"],
    "address": ["secret", "address", "is_active"],
}


def read_store(cluster):
    for what, sql in TABLES.items():
        for values in cluster.rows(sql):
            row = dict(zip(COLUMNS[what], values, strict=True))
            if what == "address":
                bits = ipaddress.IPv6Address(bytes(row["address"]))
                row["address"] = str(bits.ipv4_mapped or bits)
            yield {"call": "found", "what": what, **row}
    yield {"call": "found", "what": "all"}
