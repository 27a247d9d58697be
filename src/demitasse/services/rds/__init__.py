"""Amazon RDS: database servers, real ones, each in a container with an address of its own."""
