"""One module per verb of the command line: ``add_arguments(parser)`` and ``run(arguments) -> int``."""
