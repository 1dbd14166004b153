"""Are two files the same image? Values and pixels, not bytes."""
