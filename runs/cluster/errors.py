"""What goes wrong with a whole job, as opposed to one photo."""


class ClusterError(Exception):
    """A job on a cluster cannot run. The message says what was expected and what to do."""
