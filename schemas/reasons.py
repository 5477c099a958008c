"""Every reason for the state of a recording or a job, as a stable code with parameters.

`MESSAGES` holds the English msgid of each code; `%(name)s` are the parameters. Translation is the caller's.
"""

from pydantic import BaseModel

Params = dict[str, str | int | float]


class Reason(BaseModel):
    code: str
    params: Params = {}

    @property
    def msgid(self) -> str:
        return MESSAGES[self.code]

    def __str__(self) -> str:
        return self.msgid % self.params


MESSAGES = {
    # refused
    "not_a_recording": "This is not a recording (%(kind)s).",
    "empty": "The file is empty.",
    "announcement_withdrawn": "Its announcement was withdrawn: %(why)s",
    # unplayable
    "no_moov": "The index of the file (moov) is missing, as after a power loss; the footage cannot be played as it is.",
    "encrypted": "The footage is encrypted and cannot be played without its key.",
    "no_samples": "The file describes streams but holds no picture and no sound.",
    "no_streams": "The file has neither a picture nor a sound track.",
    "unreadable": "The file cannot be opened: it is damaged, or of a kind that is not known here (%(detail)s).",
    "container_not_opened": "Files of the kind %(container)s are not opened here; the file is kept as it came.",
    "codec_unsupported": "The codec %(codec)s cannot be played.",
    "undecodable": "The %(kind)s track (%(codec)s) cannot be decoded.",
    "too_large_picture": "The picture is claimed to be %(width)s×%(height)s, too large to be real.",
    "photo_undecodable": "The photo (%(codec)s) cannot be decoded: it is damaged, or of a kind that is not known here.",
    "photo_not_drawn": "Photos of the kind %(codec)s are not shown here; the file is kept as it came.",
    # partial
    "photo_damaged": "The photo is damaged; what could be read of it is shown.",
    "audio_codec_unknown": "The sound cannot be played (codec %(codec)s); the picture is complete.",
    "audio_undecodable": "The sound is damaged and cannot be decoded; the picture is complete.",
    "video_codec_unknown": "The picture cannot be played (codec %(codec)s); only the sound can.",
    "video_undecodable": "The picture is damaged and cannot be decoded; only the sound can be played.",
    "truncated": "The end of the file is missing; %(seconds)s seconds are there.",
    "several_movies": "Several movies lie behind each other in the file; only the first can be played here.",
    "undecodable_in_part": "Only %(seconds)s of %(claimed)s seconds can be decoded; only these count as recorded.",
    "audio_encrypted": "The sound is encrypted; the picture is complete.",
    "video_encrypted": "The picture is encrypted; only the sound can be played.",
    # remarks
    "duration_claim_differs": "The file claims %(claimed)s seconds; measured are %(measured)s.",
    "duration_unknown": "The duration cannot be measured.",
    "variable_rate": "The frame rate varies.",
    "movies_joined": "%(movies)s movies lie behind each other in the file; they are laid end to end.",
    "edited_away": "The edit list of the file points beyond its footage; it is read without it.",
    "rate_assumed": "The file holds no times: its %(pictures)s pictures are counted as %(fps)s a second.",
    "extra_tracks": "The file has %(video)s picture and %(audio)s sound tracks; the first of each is shown.",
    "box_overrun": "A length inside the file (%(box)s) is wrong; the footage is complete.",
    "movie_behind_photo": "A short movie lies behind the photo in the same file; it is kept with it and not played here.",
    # why a browser cannot take the original
    "video_codec_not_for_browsers": "Browsers do not play %(codec)s; a browser version is made.",
    "pixel_format_not_for_browsers": "Browsers do not play the picture format %(format)s; a browser version is made.",
    "audio_codec_not_for_browsers": "Browsers do not play %(codec)s sound; the sound is converted.",
    "container_not_for_browsers": "Browsers do not open %(container)s; the footage is put into MP4 unchanged.",
    "not_end_to_end": "The times in the file leave holes or begin anew; a browser version plays through.",
    "sound_first": "The sound begins %(seconds)s seconds before the picture; a browser version begins with the picture.",
    "mirrored": "The picture is stored mirrored; a browser version shows it upright.",
    "file_structure": "The structure of the file is unusual; it is put into a clean MP4 unchanged.",
    # verification of what was made
    "output_missing": "The file to be made is missing or empty.",
    "output_unreadable": "The file made cannot be opened (%(detail)s).",
    "output_truncated": "The file made is cut off.",
    "stream_missing": "The file made lacks its %(kind)s track.",
    "stream_unexpected": "The file made has a %(kind)s track that it should not have.",
    "duration_short": "The file made has %(got)s of %(expected)s seconds of %(kind)s.",
    "duration_long": "The file made has %(got)s seconds of %(kind)s where %(expected)s were expected.",
    "dimensions_differ": "The picture made is %(got)s, expected %(expected)s.",
    "frames_missing": "Only %(got)s of at least %(expected)s pictures of the file made can be decoded.",
    "decode_errors": "The file made has damaged places (%(detail)s).",
    "encoder_failed": "ffmpeg ended with code %(code)s: %(detail)s",
    "limit_exceeded": "Processing was stopped: the limit on %(limit)s was reached.",
    "took_too_long": "Processing was stopped after %(seconds)s seconds: no sound file of this size takes so long.",
    # of bytes and of jobs
    "hash_mismatch": "The stored bytes differ from what the sender declared; they are kept apart and do not count.",
    "bytes_missing": "The object store does not have the bytes any more; this must be looked into at once.",
    "bytes_changed": "The object store gave out other bytes than those that were received (MiB %(mib)s); they are not used, and this must be looked into at once.",
    "bytes_unsteady": "Two readings of the same object gave different bytes; it is read again.",
    "size_mismatch": "The store holds %(stored)s bytes where %(expected)s were received.",
    "assemble_failed": "It could not be put together from the pieces that were sent: %(detail)s",
    "intake_failed": "The file could not be taken in: %(detail)s",
    "looks_failed": "Its pictures could not be taken, and its quality could not be measured: %(detail)s",
    "renditions_failed": "The browser version could not be made: %(detail)s",
    "tags_failed": "Its metadata could not be read: %(detail)s",
    "link_failed": "It could not be linked: %(detail)s",
    "worker_lost": "The worker disappeared; another one took over.",
    "scratch_full": "The worker's scratch space is full; it goes on when there is room.",
    "store_full": "The object store is full; it goes on when there is room.",
    "store_away": "The object store does not answer; it is tried again.",
    "database_away": "The database does not answer; it is tried again.",
    "sandbox_closed": "The media sandbox cannot start here: %(detail)s",
    "internal": "An error in the program; its administrator finds the trace with the job.",
}
