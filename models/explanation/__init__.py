"""Where the network looked: Grad-CAM, drawn for quality control."""
