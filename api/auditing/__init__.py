"""The state of the deployment against its ledger: every row that is not what the entries tell, named."""
