"""What nobody can make in IAM here: groups, users' devices, identity providers."""

from __future__ import annotations

from demitasse.services.absent import Absent
from demitasse.services.iam.operations import names
from demitasse.services.iam.operations.api import api

_none = Absent(
    api,
    page="Marker",
    wrong_page="ValidationError",
    sentence="The {what} with name {name} cannot be found.",
    end={"IsTruncated": False},
)
_MISSING = "NoSuchEntity"

_none.lists("GetGroup", "group", "Users", GroupName=_MISSING)
_none.lists("ListAttachedGroupPolicies", "group", "AttachedPolicies", GroupName=_MISSING)
_none.lists("ListGroupPolicies", "group", "PolicyNames", GroupName=_MISSING)
_none.lists("ListGroups", "group", "Groups")

_none.lists("ListGroupsForUser", "group", "Groups", parent=names.user_or_caller)
_none.lists("ListMFADevices", "MFA device", "MFADevices", parent=names.user_or_caller)
_none.lists("ListSSHPublicKeys", "SSH public key", "SSHPublicKeys", parent=names.user_or_caller)
_none.lists("ListSigningCertificates", "certificate", "Certificates", parent=names.user_or_caller)

_none.lists("ListMFADeviceTags", "MFA device", "Tags", SerialNumber=_MISSING)
_none.lists("ListVirtualMFADevices", "MFA device", "VirtualMFADevices")
_none.lists("ListOpenIDConnectProviderTags", "provider", "Tags", OpenIDConnectProviderArn=_MISSING)
_none.lists("ListSAMLProviderTags", "provider", "Tags", SAMLProviderArn=_MISSING)
_none.lists(
    "ListServerCertificateTags", "server certificate", "Tags", ServerCertificateName=_MISSING
)
_none.lists("ListServerCertificates", "server certificate", "ServerCertificateMetadataList")
