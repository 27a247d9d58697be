"""The AWS services. Every folder holds the same files, so that knowing one is knowing all:

``records.py`` what is kept; ``operations.py`` the API; and where there is something to keep
true, ``plan.py`` (pure) and ``controller.py`` (the loop that applies the plan).
One service knows another by its ``records`` alone.
"""
