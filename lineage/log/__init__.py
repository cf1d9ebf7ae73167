"""The transparency log: the ledger's entries as a Merkle tree that outsiders can check (C2SP tlog-tiles)."""
