"""What nobody can make in IAM here: users, groups, their keys and devices, identity providers."""

from __future__ import annotations

from demitasse.services.absent import Absent
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

_none.lists("ListAttachedUserPolicies", "user", "AttachedPolicies", UserName=_MISSING)
_none.lists("ListGroupsForUser", "user", "Groups", UserName=_MISSING)
_none.lists("ListMFADevices", "user", "MFADevices", UserName=_MISSING)
_none.lists("ListSSHPublicKeys", "user", "SSHPublicKeys", UserName=_MISSING)
_none.lists("ListSigningCertificates", "user", "Certificates", UserName=_MISSING)
_none.lists("ListUserPolicies", "user", "PolicyNames", UserName=_MISSING)
_none.lists("ListUserTags", "user", "Tags", UserName=_MISSING)
_none.lists("ListUsers", "user", "Users")

_none.lists("ListMFADeviceTags", "MFA device", "Tags", SerialNumber=_MISSING)
_none.lists("ListVirtualMFADevices", "MFA device", "VirtualMFADevices")
_none.lists("ListOpenIDConnectProviderTags", "provider", "Tags", OpenIDConnectProviderArn=_MISSING)
_none.lists("ListSAMLProviderTags", "provider", "Tags", SAMLProviderArn=_MISSING)
_none.lists(
    "ListServerCertificateTags", "server certificate", "Tags", ServerCertificateName=_MISSING
)
_none.lists("ListServerCertificates", "server certificate", "ServerCertificateMetadataList")
