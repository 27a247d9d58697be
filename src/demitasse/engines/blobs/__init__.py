"""Bytes by their digest: what the registry keeps of images.

``protocol`` says what can be asked, ``files`` keeps blobs on the disk, ``fake`` in memory.
"""
