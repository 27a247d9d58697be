"""The traffic engine: Application Load Balancers, made real with HAProxy.

``spec`` says what is wanted, ``observation`` what is seen, ``protocol`` what may be asked;
``fake`` does it in memory.
"""
