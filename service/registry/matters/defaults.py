"""The list that holds while a bureau has published none: version 0, a line a kind.

The values follow published lists of other bureaus: from the arrival 抵达现场 to the departure 离开现场, upload within
24 hours, filing within 30 days, inspections kept for two years, and what becomes evidence in a case for good. The
steps are those that the law asks to be seen: 行政处罚法 55 (identification at every investigation or inspection) and
61 (service), 行政强制法 18 and 24 (identification, reasons and rights, statement and defence, site record, signatures,
listing of what is sealed or seized). Steps that only some acts need (a witness when the party is away, sampling) stand
in no default: a bureau adds them for its subjects.
"""

from schemas.matters import MatterBase
from service.registry.events.kinds import KINDS

CARRIER = "执法记录仪"

DEFAULT_LINES: tuple[MatterBase, ...] = tuple(
    MatterBase(
        kind=kind.code,
        steps=list(kind.steps),
        retention_days=kind.retention_days,
        place=kind.place,
        carrier=CARRIER,
    )
    for kind in KINDS.values()
)
