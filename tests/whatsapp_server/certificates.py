"""The media host's certificate, and the authority that an unmodified client is told to trust."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "played WhatsApp")])
_VALID = dt.timedelta(days=1)


def serve_tls(directory: Path, address: str) -> ssl.SSLContext:
    """Return a server's context for that address; `directory`/trusted.pem is what to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key, address)
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    trusted_path(directory).write_bytes(pem)
    secret = directory / "media.key"
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted_path(directory), secret)
    return context


def trusted_path(directory: Path) -> Path:
    return directory / "trusted.pem"


def _certificate(key: ec.EllipticCurvePrivateKey, address: str) -> x509.Certificate:
    """Return a certificate that has signed itself, so that it is authority and server in one."""
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    return (
        x509.CertificateBuilder()
        .subject_name(_NAME)
        .issuer_name(_NAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _VALID)
        .not_valid_after(now + _VALID)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
