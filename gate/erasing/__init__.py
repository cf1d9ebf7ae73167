"""Erasing data subjects: what is destroyed, how that is shown, what stands against it, what time alone removes."""

from gate.erasing.certificates import (
    Certificate,
    SignedCertificate,
    check_certificate,
    read_certificate,
    save_certificates,
)
from gate.erasing.desk import ErasureDesk, Outcome, Reason, Result
from gate.erasing.errors import CertificateMalformedError, CertificateNotFoundError, ErasureIncompleteError
from gate.erasing.trials import Trial

__all__ = [
    "Certificate",
    "CertificateMalformedError",
    "CertificateNotFoundError",
    "ErasureDesk",
    "ErasureIncompleteError",
    "Outcome",
    "Reason",
    "Result",
    "SignedCertificate",
    "Trial",
    "check_certificate",
    "read_certificate",
    "save_certificates",
]
