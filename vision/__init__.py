"""Photos in, faces out: landmarks, encodings, ratios and flags, all measured on pixels."""
