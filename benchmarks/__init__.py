"""What an adapter costs: CPU time of the client process over the same bytes from a local server, beside the peers.

`make bench` installs the peers in an environment of their own, runs every measurement in a fresh process, in turn
between adapters, and writes the table and the plot that the README shows. Ratios matter, not single times.
"""
