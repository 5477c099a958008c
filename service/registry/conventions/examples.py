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
                "file_id": ["szUniqueID", "UniqueID"],
                "recorder": ["szOriginalDeviceID", "OriginalDeviceID", "szCustomDeviceID", "CustomDeviceID"],
                "officer": ["szUid", "UserID", "Uid", "szCardID", "CardID"],
                "officer_name": ["szUserName", "UserName"],
                "card": ["szCardID", "CardID"],
                "case": ["szCaseCode", "CaseCode"],
                "note": ["szRemark", "Remark"],
                "start": ["stuStartTime", "StartTime"],
                "end": ["stuEndTime", "EndTime"],
                "real_utc": ["bRealUTC", "RealUTC"],
                "start_utc": ["stuStartTimeRealUTC", "StartTimeRealUTC"],
                "end_utc": ["stuEndTimeRealUTC", "EndTimeRealUTC"],
                "utc_offset": ["nCollectTimeUTCOffset", "CollectTimeUTCOffset", "UTCOffset"],
                "collected": ["stuCollectTime", "CollectTime"],
                "collected_utc": ["stuCollectTimeRealUTC", "CollectTimeRealUTC"],
                "md5": ["szMd5", "MD5"],
                "size": ["nLength", "Length", "Size"],
                "flags": ["emFlagList", "FlagList", "Flags", "Flag"],
            },
            "flags": {
                "1": "normal",
                "2": "event",
                "3": "locked",
                "4": "card",
                "5": "tagged",
                "6": "restricted",
            },
        },
        "sidecars": {
            '{"FileName": "a.dav", "UniqueID": "DH0001-000123", "OriginalDeviceID": "DH0001", "UserID": "360703",'
            ' "UserName": "队员 003", "CaseCode": "2024-12", "StartTime": "2024-05-06 09:30:00",'
            ' "StartTimeRealUTC": "2024-05-06 01:30:00", "CollectTime": "2024-05-06 18:02:11",'
            ' "CollectTimeUTCOffset": 28800, "Length": 73400320, "MD5": "9E107D9D372BB6826BD81D3542A419D6",'
            ' "Flags": [3, 5], "Remark": "油烟检查"}': {
                "a.dav": {
                    "recorder": "DH0001",
                    "officer": "360703",
                    "officer_name": "队员 003",
                    "case": "2024-12",
                    "note": "油烟检查",
                    "start": "2024-05-06T01:30:00+00:00",
                    "file_id": "DH0001-000123",
                    "md5": "9e107d9d372bb6826bd81d3542a419d6",
                    "size": 73400320,
                    "flags": ["locked", "tagged"],
                    "collected": "2024-05-06T10:02:11+00:00",
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
                "file_name": ["文件名", "文件名称", "录像文件名", "filename", "file_name", "file"],
                "recorder": [
                    *("设备编号", "执法仪编号", "记录仪编号", "产品序号", "设备序列号", "序列号", "记录仪"),
                    *("recorder", "device"),
                ],
                "officer": [
                    *(
                        "执法证号",
                        "人员编号",
                        "警号",
                        "证件号",
                        "证号",
                        "执法人员编号",
                        "执法证件号",
                        "使用人编号",
                    ),
                    "officer",
                ],
                "officer_name": ["姓名", "使用人", "人员姓名"],
                "event": ["活动编号", "任务编号", "事件编号", "event"],
                "case": ["案件编号", "案号", "文号", "案件号", "case"],
                "note": ["备注", "说明", "note"],
                "at": ["拍摄时间", "录制时间", "摄录时间", "录像时间", "时间", "recorded_at"],
                "start": [
                    *("开始时间", "录制开始时间", "录像开始时间", "拍摄开始时间", "起始时间", "开始录制时间"),
                    *("start", "start_time", "recorded_from"),
                ],
                "end": [
                    *("结束时间", "录制结束时间", "录像结束时间", "拍摄结束时间", "终止时间", "结束录制时间"),
                    *("end", "end_time", "recorded_to"),
                ],
                "collected": ["采集时间", "collected_at"],
                "device_time": ["设备时间", "device_time"],
                "file_id": ["文件编号", "唯一编号", "文件标识", "file_id"],
                "md5": ["MD5", "MD5值", "校验值"],
                "size": ["文件大小", "大小", "size"],
                "flags": ["标志", "标记", "flags"],
            },
        },
        "sidecars": {
            '{"文件名": "0001.MP4", "执法证号": "360704", "开始时间": "2024-05-06 09:30:00"}': {
                "0001.mp4": {"officer": "360704", "start": "2024-05-06T01:30:00+00:00"}
            }
        },
    },
)
