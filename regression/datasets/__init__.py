"""Where examples come from: tables, rendered faces, real photos."""
