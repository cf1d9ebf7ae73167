"""De-identified tables with a measured risk, on numpy and Arrow; needs the extra `bulk`.

1. read the plan: a role for every column                                          vault.deid_plans
2. tokens in place of direct identifiers, or nothing                               vault.bulk
3. levels of every quasi-identifier, each coarser than the one before              vault.deidentify.ladders
4. the least loss that satisfies k, l and t within the rows that may be left out   vault.deidentify.lattice, .classes
5. the result, and what it tells of its people                                     vault.deidentify.risks, .tables
"""

from vault.deidentify.risks import Degree, Risks
from vault.deidentify.tables import Deidentified, Report, Tokens, deidentify

__all__ = ["Degree", "Deidentified", "Report", "Risks", "Tokens", "deidentify"]
