"""What nobody can make in Elastic Load Balancing here: trust stores, which HTTPS would need."""

from __future__ import annotations

from demitasse.services.absent import Absent
from demitasse.services.elbv2.operations.api import api

_none = Absent(
    api, page="Marker", wrong_page="ValidationError", sentence="{what} '{name}' not found"
)
_WHAT, _MISSING = "Trust store", "TrustStoreNotFound"

_none.lists("DescribeTrustStores", _WHAT, "TrustStores", TrustStoreArns=_MISSING, Names=_MISSING)
_none.lists(
    "DescribeTrustStoreAssociations", _WHAT, "TrustStoreAssociations", TrustStoreArn=_MISSING
)
_none.lists("DescribeTrustStoreRevocations", _WHAT, "TrustStoreRevocations", TrustStoreArn=_MISSING)
