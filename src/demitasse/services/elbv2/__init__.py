"""Elastic Load Balancing v2: Application Load Balancers that really listen and forward."""
