"""A PostgreSQL over TLS: never in the clear, never with a server whose certificate is not known."""

from __future__ import annotations

import gc
import socket
import ssl
import struct
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ra_cds_hooks.errors import ConfigurationError, StoreUnavailable
from ra_cds_hooks.store import FeedbackStore

# pg8000 leaves the socket of a connection that came to nothing to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
SSL_REQUEST = struct.pack("!ii", 8, 80877103)


def certificate(folder: Path, name: str, host: str = "localhost") -> tuple[Path, Path]:
    """A certificate that signs itself, and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


class Database(threading.Thread):
    """Takes one connection as PostgreSQL does; ``told`` is what came after the first question."""

    def __init__(self, files: tuple[Path, Path] | None) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.files = files
        self.told = b""

    def run(self) -> None:
        connection, _ = self.listener.accept()
        with self.listener, connection:
            assert connection.recv(8) == SSL_REQUEST
            connection.sendall(b"S" if self.files else b"N")
            try:
                if self.files:
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(*self.files)
                    with context.wrap_socket(connection, server_side=True) as encrypted:
                        self.told = encrypted.recv(1000)
                else:
                    self.told = connection.recv(1000)
            except OSError:
                return


def told(database: Database, ca_bundle: Path | None) -> bytes:
    """What the database hears beyond the question whether it has TLS."""
    database.start()
    url = f"postgresql+pg8000://tester:CANARY@localhost:{database.port}/postgres"
    store = FeedbackStore(url, ca_bundle)
    with pytest.raises(StoreUnavailable):
        store.require_reachable()
    store.close()
    database.join(20)
    gc.collect(1)  # here, where it is expected
    return database.told


def test_with_a_known_authority_the_database_is_spoken_to_over_tls(tmp_path):
    files = certificate(tmp_path, "mine")
    assert b"tester" in told(Database(files), files[0])


def test_a_database_without_tls_hears_nothing(tmp_path):
    assert told(Database(None), certificate(tmp_path, "mine")[0]) == b""
    assert b"tester" in told(Database(None), None), "without the setting it goes on in the clear"


def test_a_database_with_another_certificate_hears_nothing(tmp_path):
    mine = certificate(tmp_path, "mine")[0]
    assert told(Database(certificate(tmp_path, "other")), mine) == b""
    elsewhere = certificate(tmp_path, "elsewhere", host="db.example.org")
    assert told(Database(elsewhere), elsewhere[0]) == b""


@pytest.mark.parametrize("name", ["absent.pem", "empty.pem"])
def test_a_bundle_that_holds_no_certificates_is_told(tmp_path, name):
    (tmp_path / "empty.pem").touch()
    with pytest.raises(ConfigurationError, match="RA_CDS_DATABASE_CA_BUNDLE"):
        FeedbackStore("postgresql+pg8000://h/d", tmp_path / name)
