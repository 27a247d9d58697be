"""The firewall: what network interfaces admit, enforced by the kernel's packet filter (nftables).

``spec`` says what is wanted, ``protocol`` what may be asked, ``render`` how it is told to nft;
``fake`` does it in memory.
"""
