"""What erasing refuses."""

from typing import ClassVar

from gate.errors import GateError


class ErasureIncompleteError(GateError):
    """Something could still be opened or found after it was destroyed; nothing was committed."""

    code: ClassVar[str] = "gate/erasure_incomplete"


class CertificateNotFoundError(GateError):
    """There is no such certificate in this tenant."""

    code: ClassVar[str] = "gate/certificate_not_found"


class CertificateMalformedError(GateError):
    """The file is no certificate of erasure, or was changed after it was signed."""

    code: ClassVar[str] = "gate/certificate_malformed"
