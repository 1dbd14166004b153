"""Stripped heads of a whole set on disk, read slice by slice."""
