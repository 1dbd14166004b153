"""Training on generated head CTs. Nothing in the node imports this package."""
