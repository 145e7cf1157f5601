"""`fpp evaluate`: models on people that they have not seen, as tables, plots and reports."""
