"""AWS on the wire: who calls (Signature Version 4), what they call, and in which protocol.

Everything is compiled from the service models that botocore ships as data. No service is known
here: the platform hands the operations in.
"""

from __future__ import annotations

from demitasse.wire.app import BODY_LIMIT, Application
from demitasse.wire.credentials import Credential, CredentialSource
from demitasse.wire.models import Models

__all__ = ["BODY_LIMIT", "Application", "Credential", "CredentialSource", "Models"]
