"""Amazon S3: buckets and objects, as far as artifacts and the command line need them."""
