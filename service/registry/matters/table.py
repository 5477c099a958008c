"""The recording matters list as a table: its columns, its words, a rule as a row and a row's cells as values. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from schemas.matters import Duty, Moment, Step
from service.kernel.i18n import current
from service.kernel.text import fold
from service.registry.events.kinds import KINDS, SAID, WORDS
from service.registry.matters.rules import Rule
from service.registry.matters.words import DUTIES, MOMENTS, STEPS

# field → the header of a Chinese table; further names that an import knows follow in HEADERS
COLUMNS: dict[str, str] = {
    "kind": "执法活动类型",
    "subject": "事项",
    "duty": "记录方式",
    "from_moment": "记录起点",
    "from_offset_s": "起点偏移（秒）",
    "to_moment": "记录终点",
    "to_offset_s": "终点偏移（秒）",
    "late_start_s": "晚开容许（秒）",
    "early_stop_s": "早停容许（秒）",
    "gap_s": "中断容许（秒）",
    "steps": "环节",
    "retention_days": "保存期限（天）",
    "upload_hours": "上传时限（小时）",
    "filing_days": "归档时限（天）",
    "place": "记录场所",
    "carrier": "记录载体",
}
HEADERS: dict[str, str] = {header: name for name, header in COLUMNS.items()} | {
    "类别": "kind",
    "类型": "kind",
    "执法类别": "kind",
    "执法事项": "subject",
    "是否音像记录": "duty",
    "起点": "from_moment",
    "终点": "to_moment",
    "起点偏移秒": "from_offset_s",
    "终点偏移秒": "to_offset_s",
    "晚开容许秒": "late_start_s",
    "早停容许秒": "early_stop_s",
    "中断容许秒": "gap_s",
    "必录环节": "steps",
    "保存期限": "retention_days",
    "保存天数": "retention_days",
    "上传时限": "upload_hours",
    "上传时限小时": "upload_hours",
    "归档时限": "filing_days",
    "归档时限天": "filing_days",
    "场所": "place",
    "载体": "carrier",
}
PERMANENT = "永久"
_FOR_GOOD = {"永久", "永久保存", "长期", "permanent"}

_SAID: dict[str, dict[str, str]] = {
    "duty": {
        "必须音像记录": "must",
        "应当音像记录": "must",
        "必须": "must",
        "是": "must",
        "文字记录即可": "text_suffices",
        "文字记录": "text_suffices",
        "否": "text_suffices",
    },
    "moment": {
        "抵达": "arrival",
        "抵达现场": "arrival",
        "到达现场": "arrival",
        "离开": "departure",
        "离开现场": "departure",
    },
    "step": {
        "亮证": "show_identification",
        "出示证件": "show_identification",
        "表明身份": "show_identification",
        "说明来意": "state_purpose",
        "告知事由": "state_purpose",
        "告知权利": "state_rights",
        "权利告知": "state_rights",
        "告知": "state_rights",
        "现场情况": "scene",
        "现场检查": "scene",
        "现场": "scene",
        "询问": "questioning",
        "调查询问": "questioning",
        "陈述申辩": "statement_and_defence",
        "听取陈述申辩": "statement_and_defence",
        "抽样": "sampling",
        "抽样取证": "sampling",
        "清点": "listing",
        "清单": "listing",
        "登记造册": "listing",
        "实施措施": "measure",
        "强制措施": "measure",
        "签字": "signature",
        "签字确认": "signature",
        "清单签字": "signature",
        "见证人": "witness",
        "送达": "service",
        "文书送达": "service",
    },
}


def _codes(known: Mapping[str, str], members: Any) -> dict[str, str]:
    return {fold(said): code for said, code in known.items()} | {str(one): str(one) for one in members}


_KIND = _codes(SAID, KINDS)
_DUTY = _codes(_SAID["duty"], Duty)
_MOMENT = _codes(_SAID["moment"], Moment)
_STEP = _codes(_SAID["step"], Step)
_SEPARATORS = str.maketrans(dict.fromkeys(";；、,，|→\n/", "\x1f"))


def _one_of(known: Mapping[str, str], words: Mapping[str, Any]) -> Callable[[Any], Any]:
    """The code that a code or a word in either language means; else the value as it is, for the model to refuse."""

    def cell(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        folded = fold(value)
        if folded in known:
            return known[folded]
        return next((code for code, word in words.items() if fold(str(word.label)) == folded), value)

    return cell


kind_cell = _one_of(_KIND, WORDS)
duty_cell = _one_of(_DUTY, DUTIES)
moment_cell = _one_of(_MOMENT, MOMENTS)
_step_cell = _one_of(_STEP, STEPS)


def steps_cell(value: Any) -> Any:
    """亮证、告知、签字 or a list; each once, in the order said."""
    if isinstance(value, str):
        value = [part for part in (p.strip() for p in value.translate(_SEPARATORS).split("\x1f")) if part]
    if not isinstance(value, list):
        return value
    return list(dict.fromkeys(_step_cell(one) if isinstance(one, str) else str(one) for one in value))


def retention_cell(value: Any) -> Any:
    """Days, or 永久 / permanent; 2年 are 730 days."""
    if not isinstance(value, str):
        return value
    said = fold(value)
    if said in _FOR_GOOD:
        return None
    number = said.removesuffix("年")
    if number != said and number.isdigit():
        return int(number) * 365
    return said.removesuffix("天").removesuffix("日")


CELLS: dict[str, Callable[[Any], Any]] = {
    "kind": kind_cell,
    "duty": duty_cell,
    "from_moment": moment_cell,
    "to_moment": moment_cell,
    "steps": steps_cell,
    "retention_days": retention_cell,
}


def columns() -> list[str]:
    """Headers in the caller's language; both can be imported again."""
    return list(COLUMNS.values()) if current() == "zh_CN" else list(COLUMNS)


def rows(rules: Sequence[Rule], subject_word: Callable[[str], str] = str) -> list[list[Any]]:
    return [_row(rule, subject_word) for rule in rules]


def _row(rule: Rule, subject_word: Callable[[str], str]) -> list[Any]:
    chinese = current() == "zh_CN"
    said: dict[str, Any] = {name: getattr(rule, name) for name in COLUMNS}
    said["subject"] = subject_word(rule.subject) if chinese else rule.subject
    if chinese:
        said |= {
            "kind": str(KINDS[rule.kind].word.label),
            "duty": str(DUTIES[rule.duty].label),
            "from_moment": str(MOMENTS[rule.from_moment].label),
            "to_moment": str(MOMENTS[rule.to_moment].label),
            "steps": "、".join(str(STEPS[step].label) for step in rule.steps),
        }
    else:
        said["steps"] = ";".join(rule.steps)
    if rule.retention_days is None:
        said["retention_days"] = PERMANENT if chinese else "permanent"
    return [said[name] for name in COLUMNS]
