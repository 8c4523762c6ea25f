"""Studio: look at a run's artifacts in a browser. The only package that imports the web framework."""
