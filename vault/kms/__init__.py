"""Keepers of the root key: local file, hardware module, transit engine, AWS KMS, behind one protocol."""
