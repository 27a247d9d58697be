"""AWS CodeCommit: git repositories."""
