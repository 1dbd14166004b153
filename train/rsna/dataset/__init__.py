"""The competition's files: images, labels, and the index that joins them."""
