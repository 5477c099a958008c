"""Rules of the bureau: events and what they are about."""

from schemas.events import EventKind
from service.kernel.i18n import lazy as _
from service.kernel.policy import HOURS, ByLanguage, Rule, by_language, number, one_of

SUBJECTS = Rule[dict[str, ByLanguage]](
    "event_subjects",
    {
        "restaurant_fumes": {"zh": "餐饮油烟", "en": "Restaurant fumes"},
        "site": {"zh": "工地", "en": "Building site"},
        "dust": {"zh": "扬尘", "en": "Dust"},
        "noise": {"zh": "噪声", "en": "Noise"},
        "vendor": {"zh": "流动摊贩", "en": "Street vendor"},
        "outdoor_sign": {"zh": "户外招牌", "en": "Outdoor sign"},
        "excavation": {"zh": "道路挖掘", "en": "Road excavation"},
        "municipal_facility": {"zh": "市政设施", "en": "Municipal facility"},
        "gas": {"zh": "燃气", "en": "Gas"},
        "air_pollution": {"zh": "大气污染", "en": "Air pollution"},
        "hazard": {"zh": "安全隐患", "en": "Safety hazard"},
        "penalty": {"zh": "行政处罚", "en": "Penalty"},
    },
    _("What events are about: codes and their words; others are accepted as they are written"),
    lambda value: isinstance(value, dict) and all(map(by_language, value.values())),
)
DEFAULT_KIND = Rule[str](
    "event_default_kind",
    EventKind.inspection.value,
    _("The kind of an event made from a recording, unless its maker says otherwise"),
    one_of(EventKind),
)
LONGEST_EVENT = Rule[float](
    "longest_event_hours", 72, _("A longer event is taken for a slip of the pen"), number(), HOURS
)
RULES = (SUBJECTS, DEFAULT_KIND, LONGEST_EVENT)
