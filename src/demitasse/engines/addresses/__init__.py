"""Addresses of the machine itself: where load balancers and databases are reached.

An address of a VPC's subnet is put on the loopback interface. The machine then answers for it:
to its own programs, and to every container on any of its networks.
"""

from demitasse.engines.addresses.fake import FakeAddresses
from demitasse.engines.addresses.host import HostAddresses, label
from demitasse.engines.addresses.protocol import Addresses

__all__ = ["Addresses", "FakeAddresses", "HostAddresses", "label"]
