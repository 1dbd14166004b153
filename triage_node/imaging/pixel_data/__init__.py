"""Pixel Data (PS3.5 Section 8 and Annex A): from the bytes of a file to stored values, and back."""
