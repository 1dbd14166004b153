"""Train on RSNA-2019: from the competition's files to a model the node serves."""
