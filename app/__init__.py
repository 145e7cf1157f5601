"""The local web page: photos in, heads to play with."""
