"""The real parts: each behind a small Protocol, each with a fake that passes the same tests."""
