"""What lies on one machine only: who may claim it, and that it is copied to the bucket."""
