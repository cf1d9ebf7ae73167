"""Deciding again what was decided: recorded reads under the policy of their time, or under a candidate."""

from gate.replaying.packs import PackReplay, replay_pack
from gate.replaying.recorded import RecordedRead, recorded
from gate.replaying.replayer import Replayed, ReplayedFeature, Replayer, Verdict

__all__ = [
    "PackReplay",
    "RecordedRead",
    "Replayed",
    "ReplayedFeature",
    "Replayer",
    "Verdict",
    "recorded",
    "replay_pack",
]
