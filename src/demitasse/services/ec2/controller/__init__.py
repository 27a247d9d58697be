"""What keeps EC2's networking true: the VPCs' networks, and what their interfaces admit."""

from demitasse.services.ec2.controller.interfaces import InterfaceController
from demitasse.services.ec2.controller.vpcs import VpcController

__all__ = ["InterfaceController", "VpcController"]
