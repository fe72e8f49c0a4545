"""Reading what strangers send: every file here holds its memory and time within limits, whatever comes.

- ``body``: a request's body (multipart, form, JSON or the raw picture) as one kind of value;
- ``multipart``: ``multipart/form-data``, in memory;
- ``fields``: how long names and values may be;
- ``flat``: flat JSON objects and forms;
- ``percent``: percent escapes;
- ``encoded``: base64 and ``data:`` addresses;
- ``targets``: request targets in absolute form;
- ``accept``: what the header ``Accept`` asks for;
- ``frugal``: HTTP/1.1 with limits on what each byte may cost;
- ``fetch``: the picture behind a URL;
- ``addresses``: which addresses may be fetched from.
"""
