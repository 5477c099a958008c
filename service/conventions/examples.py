"""Conventions to begin with, as data. Each comes with names or sidecars that show what it reads.

No published rule for file names of body cameras was found: the patterns are those in common use, to be copied into a
recorder model and adjusted. The Dahua fields are those of its collection station's file record
(MEDIAFILE_MOBILE_ENFORCE_INFO), with and without the type prefixes of its SDK.
"""

from typing import Any

EXAMPLES: tuple[dict[str, Any], ...] = (
    {
        "code": "device-officer-time",
        "name": "设备号_人员号_时间",
        "conventions": {
            "clock_zone": "Asia/Shanghai",
            "stamp": "start",
            "filename_patterns": [
                r"^(?P<recorder>[A-Za-z]+-?\d{3,})[_@](?P<officer>\d{4,12})[_@](?P<at>\d{8}[-_]?\d{6})",
                r"^(?P<recorder>[A-Za-z]+-?\d{3,})[_@](?P<at>\d{8}[-_]?\d{6})",
            ],
        },
        "names": {
            "DSJ001_360701_20240506093000_0001.mp4": {
                "recorder": "DSJ001",
                "officer": "360701",
                "start": "2024-05-06T01:30:00+00:00",
            },
            "R-0007@20240506-093000.MP4": {"recorder": "R-0007", "start": "2024-05-06T01:30:00+00:00"},
        },
    },
    {
        "code": "time-first-end",
        "name": "结束时间在前",
        "conventions": {
            "clock_zone": "Asia/Shanghai",
            "stamp": "end",
            "filename_patterns": [
                r"^(?P<at>\d{14})_(?P<officer>\d{4,12})(?:_(?P<case>[^_.]+号))?",
            ],
        },
        "names": {
            "20240506101500_360702_城管罚〔2024〕12号.ts": {
                "officer": "360702",
                "case": "城管罚〔2024〕12号",
                "end": "2024-05-06T02:15:00+00:00",
            }
        },
    },
    {
        "code": "dahua-station",
        "name": "大华采集站文件记录",
        "conventions": {
            "clock_zone": "Asia/Shanghai",
            "stamp": "start",
            "filename_patterns": [],
            "sidecar": {
                "file_name": ["szFileName", "FileName", "szFilePath", "FilePath"],
                "recorder": ["szOriginalDeviceID", "OriginalDeviceID", "szCustomDeviceID", "CustomDeviceID"],
                "officer": ["szUid", "UserID", "Uid", "szCardID", "CardID"],
                "case": ["szCaseCode", "CaseCode"],
                "note": ["szRemark", "Remark"],
                "start": ["stuStartTime", "StartTime"],
                "end": ["stuEndTime", "EndTime"],
                "start_utc": ["stuStartTimeRealUTC", "StartTimeRealUTC"],
                "end_utc": ["stuEndTimeRealUTC", "EndTimeRealUTC"],
            },
        },
        "sidecars": {
            '{"FileName": "a.dav", "OriginalDeviceID": "DH0001", "UserID": "360703", "CaseCode": "2024-12",'
            ' "StartTime": "2024-05-06 09:30:00", "StartTimeRealUTC": "2024-05-06 01:30:00"}': {
                "a.dav": {
                    "recorder": "DH0001",
                    "officer": "360703",
                    "case": "2024-12",
                    "start": "2024-05-06T01:30:00+00:00",
                }
            }
        },
    },
    {
        "code": "list-in-chinese",
        "name": "中文清单",
        "conventions": {
            "stamp": "start",
            "filename_patterns": [],
            "sidecar": {
                "file_name": ["文件名", "文件名称", "filename", "file_name", "file"],
                "recorder": ["设备编号", "执法仪编号", "记录仪编号", "产品序号", "recorder", "device"],
                "officer": ["执法证号", "人员编号", "警号", "officer"],
                "event": ["活动编号", "任务编号", "event"],
                "case": ["案件编号", "案号", "文号", "case"],
                "note": ["备注", "note"],
                "at": ["拍摄时间", "时间", "recorded_at"],
                "start": ["开始时间", "start"],
                "end": ["结束时间", "end"],
            },
        },
        "sidecars": {
            '{"文件名": "0001.MP4", "执法证号": "360704", "开始时间": "2024-05-06 09:30:00"}': {
                "0001.mp4": {"officer": "360704", "start": "2024-05-06T01:30:00+00:00"}
            }
        },
    },
)
