"""What descriptions say: contrast, parts of the body, in many languages."""
