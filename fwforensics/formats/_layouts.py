"""The layouts that a format can declare, in one place for those who write formats."""

from __future__ import annotations

from fwforensics.formats._delimited import Columnar, Delimited
from fwforensics.formats._json import Json
from fwforensics.formats._keyvalue import KeyValue
from fwforensics.formats._messages import Messages
from fwforensics.formats._pieces import LINE, ROW, bad_rows, escape_json

__all__ = ["LINE", "ROW", "Columnar", "Delimited", "Json", "KeyValue", "Messages", "bad_rows", "escape_json"]
