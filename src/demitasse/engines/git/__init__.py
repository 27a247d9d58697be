"""Git repositories, kept and served by git's own programs.

``protocol`` says what can be asked, ``programs`` asks git, ``fake`` keeps everything in memory
with the same object ids.
"""
