"""Everything that is measured, each set up as its own documentation says."""
