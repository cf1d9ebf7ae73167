"""Errors as the outside sees them: RFC 9457 problem details with stable codes in Chinese and English.

Rules:
- one table, ``kinds.yaml``, gives every code its status and texts; ``/problems/<code>`` shows it to everyone;
- a problem never repeats what the caller sent: places are named by the schema's own names and by positions, and an
  attribute of an error is shown only when it is a configuration name or a number;
- ``title`` and ``detail`` follow Accept-Language (Chinese when it is asked for, else English); ``title_zh`` and
  ``title_en`` are always both there.
"""

from api.problems.handlers import answer_to, install
from api.problems.kinds import KINDS, Kind, kind_of
from api.problems.render import MEDIA_TYPE, ProblemError, problem_response

__all__ = ["KINDS", "MEDIA_TYPE", "Kind", "ProblemError", "answer_to", "install", "kind_of", "problem_response"]
