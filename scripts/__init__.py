"""The commands of `fpp`: each module parses arguments and calls the library, nothing more."""
