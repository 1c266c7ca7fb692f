"""What is wrong with a body, in words for whoever wrote it; never what it had there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_ALTERNATIVE = re.compile(r"(constrained-)?(str|int|float|bool|dict|list)|(list|dict)\[.*\]")
"""How pydantic names the alternatives of a field that takes several types."""
_WORDS = {
    "missing": "is missing",
    "model_attributes_type": "is no JSON object; send one, with Content-Type: application/json",
    "extra_forbidden": "is not known here; see /docs",
}


def place_of(item: Mapping[str, Any]) -> str:
    """The path of the field, such as body.messages.0.role."""
    parts = [str(part) for part in item["loc"]]
    return ".".join(part for part in parts if not _ALTERNATIVE.fullmatch(part))


def words_of(item: Mapping[str, Any]) -> str:
    """One of pydantic's errors, to be read after the place."""
    if item["type"] in _WORDS:
        return _WORDS[item["type"]]
    if item["type"] == "json_invalid":
        detail = item.get("ctx", {}).get("error")
        return "is no valid JSON" + (f" ({detail})" if detail else "")
    if "UploadFile" in str(item["msg"]):
        return "is no file with a name; send multipart/form-data"
    said = str(item["msg"]).removesuffix(" after validation, not 0")
    return re.sub(r"^(Input|List|String|Value) should", "should", said)
