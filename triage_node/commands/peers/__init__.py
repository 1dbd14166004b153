"""Commands about the systems that send to the node, and that it sends to."""
