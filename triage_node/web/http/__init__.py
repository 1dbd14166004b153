"""What a web server needs whatever it serves: media types, multipart bodies, limits, headers."""
