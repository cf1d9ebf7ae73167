"""The command line: ``yumen``, in Chinese and English, for people and for programs.

Rules:
- every command has ``--json``: one JSON document on standard output; what people are told meanwhile goes to standard
  error;
- an error is one line that says what to do; exit code 2 for bad input or settings, 1 where a check failed or a part
  could not be reached, 130 after Ctrl-C; never a traceback, never personal data;
- a command's module, with all it imports, is loaded when the command is called.
"""

from api.cli.entry import main

__all__ = ["main"]
