"""The list that holds while a bureau has published none: version 0, a line a kind.

The values follow published lists of other bureaus: from the arrival 抵达现场 to the departure 离开现场, upload within
24 hours, filing within 30 days, inspections kept for two years, and what becomes evidence in a case for good. The
steps are those that the law asks to be seen: 行政处罚法 55 (identification at every investigation or inspection) and
61 (service), 行政强制法 18 and 24 (identification, reasons and rights, statement and defence, site record, signatures,
listing of what is sealed or seized). Steps that only some acts need (a witness when the party is away, sampling) stand
in no default: a bureau adds them for its subjects.
"""

from schemas.events import EventKind
from schemas.matters import MatterBase, Step

PLACE = "执法现场"
CARRIER = "执法记录仪"

DEFAULT_LINES: tuple[MatterBase, ...] = (
    MatterBase(
        kind=EventKind.inspection,
        steps=[Step.show_identification, Step.state_purpose, Step.scene],
        retention_days=730,
        place=PLACE,
        carrier=CARRIER,
    ),
    MatterBase(
        kind=EventKind.evidence_collection,
        steps=[
            Step.show_identification,
            Step.state_purpose,
            Step.state_rights,
            Step.scene,
            Step.questioning,
            Step.signature,
        ],
        retention_days=None,
        place=PLACE,
        carrier=CARRIER,
    ),
    MatterBase(
        kind=EventKind.document_delivery,
        steps=[Step.show_identification, Step.state_purpose, Step.service, Step.signature],
        retention_days=None,
        place="送达现场",
        carrier=CARRIER,
    ),
    MatterBase(
        kind=EventKind.coercion,
        steps=[
            Step.show_identification,
            Step.state_purpose,
            Step.state_rights,
            Step.statement_and_defence,
            Step.scene,
            Step.measure,
            Step.listing,
            Step.signature,
        ],
        retention_days=None,
        place=PLACE,
        carrier=CARRIER,
    ),
)
