"""The five lenders: their parties, purposes, notices, views, made-up people and stories.

Rules this package keeps:
- no real person: every identity here is made by ``examples.people`` in number ranges nobody holds;
- an example is data (YAML and CSV); the code beside it only reads, checks and sends it.
"""

from examples.lender import LENDERS, Lender, LenderError, load_lender
from examples.story import Step, Story, StoryError, load_story

__all__ = ["LENDERS", "Lender", "LenderError", "Step", "Story", "StoryError", "load_lender", "load_story"]
