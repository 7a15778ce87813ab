# SPDX-License-Identifier: Apache-2.0
"""psp.py - payment service providers: their certificates and requests"""
import base64
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509.oid import NameOID

import bunq

PATH = "/v1/payment-service-provider-credential"
CERTIFICATE = "client_payment_service_provider_certificate"
CHAIN = "client_payment_service_provider_certificate_chain"
SIGNED = "client_public_key_signature"

DAY = datetime.timedelta(days=1)


def name(common_name, country="NL"):
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, cn) for cn in common_name]
    return x509.Name(attributes + [x509.NameAttribute(NameOID.COUNTRY_NAME, country)])


class Authority:
    """Somebody that signs certificates."""

    def __init__(self, key, subject, issuer=None, is_ca=True, begin=-DAY, end=DAY,
                 usage=None):
        now = datetime.datetime.utcnow()
        signer = issuer or self
        self.key = key
        self.subject = name([subject] if isinstance(subject, str) else subject)
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.subject)
            .issuer_name(signer.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + begin)
            .not_valid_after(now + end)
            .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        )
        if usage is not None:
            wanted = dict.fromkeys(
                ["digital_signature", "content_commitment", "key_encipherment",
                 "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
                 "encipher_only", "decipher_only"], False)
            wanted[usage] = True
            builder = builder.add_extension(x509.KeyUsage(**wanted), critical=True)
        self.certificate = builder.sign(signer.key, hashes.SHA256())
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()


def provider(middle, subject="My App PISP AISP", key=None, **kwargs):
    return Authority(key or bunq.key(22), subject, middle, is_ca=False, **kwargs)


def claim(client, psp, *chain, key=None, text=None):
    """The body of an honest provider."""
    if text is None:
        text = bunq.public_pem(client.key).strip() + "\n" + client.installation_token
    key = key or psp.key
    signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return {
        CERTIFICATE: psp.pem,
        CHAIN: "\n".join(authority.pem for authority in chain),
        SIGNED: base64.b64encode(signature).decode(),
    }
