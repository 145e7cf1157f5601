"""How good predictions are: agreement, consistency and drift, with intervals over people."""
