"""What a model is worth: figures, intervals, reports."""
