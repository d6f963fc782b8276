"""Makes the files that vendor responses contain, outside of the event loop."""

import asyncio
from io import BytesIO
from threading import Lock
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from assessment_simulator.core.decision import Bundle, Document, Drawing
from assessment_simulator.documents.images import png, svg
from assessment_simulator.documents.pdf import pdf

_lock = Lock()
"""PDF and PNG files are made one at a time: two threads must not read the typeface, which they share, at once."""


async def draw(content: Bundle | Document | Drawing, media_type: str) -> bytes:
    """Make the file of this media type; the same content gives the same bytes."""
    return await asyncio.to_thread(make_file, content, media_type)


def make_file(content: Bundle | Document | Drawing, media_type: str) -> bytes:
    """The same in the current thread."""
    if media_type == "image/svg+xml" and isinstance(content, Drawing):
        return svg(content)
    with _lock:
        if isinstance(content, Drawing):
            return png(content)
        if isinstance(content, Document):
            return pdf(content)
        file = BytesIO()
        with ZipFile(file, "w") as archive:
            for name, document in content.files:
                # A ZipInfo without a date is of 1980, so the bytes do not depend on the current time.
                archive.writestr(ZipInfo(name), pdf(document), ZIP_DEFLATED)
        return file.getvalue()
