"""Amazon EventBridge: what happens here, told to whoever has a rule for it."""
