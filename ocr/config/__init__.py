"""From a command line to a config: what is typed, what is meant, and what is wrong with it."""
