"""Amazon EC2, as far as networks go: VPCs, subnets, gateways, security groups, interfaces."""
