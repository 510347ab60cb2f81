"""The control API and the command line on top of it."""
