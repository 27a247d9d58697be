"""What is set on a bucket: versioning, tags, notifications; and what cannot be."""
