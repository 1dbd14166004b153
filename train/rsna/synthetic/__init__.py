"""A generated set in the competition's own form."""
