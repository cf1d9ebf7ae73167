"""The five lenders: their files, their made-up people, their stories over real HTTP."""
