"""Measurements of reads: the gate in process and over HTTP, beside a plain endpoint and a naive gate, in one run.

Rules:
- nothing here is a test: no threshold decides anything, the figures are printed and, with ``--write``, kept;
- every figure stands beside baselines measured in the same run on the same machine, in turn;
- medians and 99th percentiles of whole calls; warm-up first; the machine's load is printed.
"""
