"""Errors of the lineage room: one root, leaves with a stable code; attributes never hold personal data."""

from typing import ClassVar


class LineageError(Exception):
    """Root of every error of this room."""

    code: ClassVar[str] = "lineage/error"


class EntryContentError(LineageError):
    """An entry would hold something the ledger never holds: free text, a value, an identifier, an unknown member."""

    code: ClassVar[str] = "lineage/entry_content"


class EntryTooLargeError(LineageError):
    """An entry's body is longer than 65,535 bytes, the most a transparency log's bundle can carry."""

    code: ClassVar[str] = "lineage/entry_too_large"

    def __init__(self, size_b: int) -> None:
        super().__init__(f"entry body of {size_b} bytes, at most 65535 are allowed")
        self.size_b = size_b


class StreamContendedError(LineageError):
    """Another writer kept taking the next place of a stream; nothing was appended, try again."""

    code: ClassVar[str] = "lineage/stream_contended"


class CursorInvalidError(LineageError):
    """A page cursor is damaged or belongs to another question."""

    code: ClassVar[str] = "lineage/cursor_invalid"


class FilterInvalidError(LineageError):
    """A ledger filter cannot be answered as it stands."""

    code: ClassVar[str] = "lineage/filter_invalid"


class EntryNotFoundError(LineageError):
    """The tenant's ledger has no entry with this number."""

    code: ClassVar[str] = "lineage/entry_not_found"

    def __init__(self, entry: int) -> None:
        super().__init__(f"no ledger entry {entry}")
        self.entry = entry


class ReadUnusableError(LineageError):
    """A score names an entry that is no released read of its client about its subject, for its purpose and product.

    ``places`` are (score, read) positions; absent and foreign entries are told alike.
    """

    code: ClassVar[str] = "lineage/read_unusable"

    def __init__(self, places: tuple[tuple[int, int], ...]) -> None:
        super().__init__(f"{len(places)} named entries are no usable reads")
        self.places = places


class ScoreNotFoundError(LineageError):
    """The tenant, or this subject or client of it, has no such score."""

    code: ClassVar[str] = "lineage/score_not_found"


class NodeNotFoundError(LineageError):
    """The lineage graph has no such node."""

    code: ClassVar[str] = "lineage/node_not_found"


class TaskNotFoundError(LineageError):
    """There is no such deletion task, or it is another recipient's."""

    code: ClassVar[str] = "lineage/task_not_found"


class TaskDoneError(LineageError):
    """The deletion task was acknowledged before."""

    code: ClassVar[str] = "lineage/task_done"


class EventRefusedError(LineageError):
    """An OpenLineage event cannot be taken over; the message names the member, never what stood there."""

    code: ClassVar[str] = "lineage/event_refused"

    def __init__(self, member: str, fault: str) -> None:
        super().__init__(f"{member}: {fault}")
        self.member = member
        self.fault = fault


class ProposalRefusedError(LineageError):
    """A de-identification that lowers nothing, or of a node whose grade is not known."""

    code: ClassVar[str] = "lineage/proposal_refused"


class ProposalNotFoundError(LineageError):
    """There is no such proposal of a de-identification."""

    code: ClassVar[str] = "lineage/proposal_not_found"


class ProposalClosedError(LineageError):
    """The proposal was decided before."""

    code: ClassVar[str] = "lineage/proposal_closed"


class TwoPeopleNeededError(LineageError):
    """Whoever proposed a de-identification may not approve it."""

    code: ClassVar[str] = "lineage/two_people_needed"


class PackRefusedError(LineageError):
    """An evidence pack is not whole; the message names the first part that is wrong."""

    code: ClassVar[str] = "lineage/pack_refused"
