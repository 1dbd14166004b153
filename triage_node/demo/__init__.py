"""A node, a stand-in PACS and three generated studies in one command."""
