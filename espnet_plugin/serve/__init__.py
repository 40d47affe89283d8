"""A web page for one model on one machine: recordings are queued, enhanced and compared by ear."""
