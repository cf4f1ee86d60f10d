"""The command line, one module a subject: the only place that prints or exits. `__main__` puts it together."""
