"""Makes files of what the vendors want drawn, off the event loop."""

import asyncio
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from assessment_simulator.core.request import Bundle, Document, Drawing
from assessment_simulator.documents import images
from assessment_simulator.documents import pdf as paper

Drawn = Bundle | Document | Drawing


async def draw(wanted: Drawn, media_type: str) -> bytes:
    """The file of that media type; the same wish gives the same bytes."""
    return await asyncio.to_thread(_file, wanted, media_type)


def _file(wanted: Drawn, media_type: str) -> bytes:
    if isinstance(wanted, Document):
        return paper.pdf(wanted)
    if isinstance(wanted, Bundle):
        return _archive(wanted)
    return images.svg(wanted) if media_type == "image/svg+xml" else images.png(wanted)


def _archive(bundle: Bundle) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        for name, document in bundle.files:
            # A ZipInfo without a date is of 1980, whatever the time is now.
            archive.writestr(ZipInfo(name), paper.pdf(document), ZIP_DEFLATED)
    return file.getvalue()
