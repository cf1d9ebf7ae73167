"""Policy engines: facts in, checked decisions out.

The one place that knows how policies are run. Whatever an engine does wrong (dead, slow, malformed, another revision)
ends as ``EngineError`` or as ``None`` in place of an answer, and both mean: deny.
"""

from gate.engines.bundle import EMBEDDED_BUNDLE, POLICIES, SERVER_BUNDLE, Bundle, Reason, load_bundle, load_candidate
from gate.engines.embedded import EmbeddedEngine
from gate.engines.opa_server import OpaEndpoint, OpaServerEngine
from gate.engines.protocol import Answer, FeatureDecision, Form, PolicyEngine
from gate.errors import BundleError, EngineError

__all__ = [
    "EMBEDDED_BUNDLE",
    "POLICIES",
    "SERVER_BUNDLE",
    "Answer",
    "Bundle",
    "BundleError",
    "EmbeddedEngine",
    "EngineError",
    "FeatureDecision",
    "Form",
    "OpaEndpoint",
    "OpaServerEngine",
    "PolicyEngine",
    "Reason",
    "load_bundle",
    "load_candidate",
]
