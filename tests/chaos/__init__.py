"""Chaos: the real service, several replicas on one PostgreSQL, under faults, its history checked (``make chaos``).

stage      PostgreSQL, OPA, replicas and the proxy between them, as real processes
faults     what is done to them
driver     clients that give, withdraw and read over HTTP and write down what they saw
checker    decides from the history and the ledger whether every promise held
"""
