"""The predicted head, drawn in a process of its own."""
