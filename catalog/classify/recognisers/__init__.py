"""The recognisers lent to presidio-analyzer (extra `classify`).

The only place that imports presidio, which takes seconds and a hundred megabytes to load. No room imports this package:
the worker that scans free text loads it by name, in a process of its own, when it is told to.
"""
