"""What the predictors of a run are worth on its test fold, as one HTML page."""
