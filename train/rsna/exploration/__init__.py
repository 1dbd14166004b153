"""What an index says of a set: figures, pictures, one page."""
