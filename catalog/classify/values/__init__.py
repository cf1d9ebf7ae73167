"""Recognising personal data in a text: patterns, checks, context and reasons, in plain Python.

Nothing here imports a recogniser framework, opens a connection or loads a model; every pattern takes time linear in the
text. `catalog.classify.recognisers` lends the same rules to presidio.
"""
