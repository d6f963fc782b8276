"""Reports as PDF files, pattern images as SVG or PNG, and ZIP archives of reports.

Vendors describe what a file shows (`core.decision`: `Document`, `Drawing`, `Bundle`); `renderer.draw` makes the bytes.
The same description and media type give the same bytes, with the same version of reportlab: files carry no time stamp
and no random id. Text is always drawn as text: no markup in a name is interpreted, and characters that the typeface
lacks appear as U+FFFD. reportlab and Pillow are imported when the first file is made, because most servers make none.
"""
