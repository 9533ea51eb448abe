"""What of the schema of SARIF 2.1.0 concerns dkd, written down from the standard."""

TEXT = {"type": "object", "properties": {"text": {"type": "string", "minLength": 1}}, "required": ["text"]}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
NUMBER = {"type": "integer", "minimum": 1}
REGION = {
    "type": "object", "additionalProperties": False,
    "properties": dict.fromkeys(("startLine", "startColumn", "endLine", "endColumn"), NUMBER),
    "required": ["startLine", "startColumn", "endLine", "endColumn"],
}  # fmt: skip
PLACE = {
    "type": "object", "additionalProperties": False, "required": ["artifactLocation", "region"],
    "properties": {
        "artifactLocation": {
            "type": "object", "additionalProperties": False, "required": ["uri"],
            "properties": {"uri": {"type": "string", "format": "uri-reference", "pattern": "^[^ ]+$"}},
        },
        "region": REGION,
    },
}  # fmt: skip
RESULT = {
    "type": "object", "additionalProperties": False, "required": ["message", "ruleId"],
    "properties": {
        "ruleId": {"type": "string"}, "ruleIndex": {"type": "integer", "minimum": 0}, "level": LEVEL, "message": TEXT,
        "locations": {"type": "array", "minItems": 1, "items": {
            "type": "object", "additionalProperties": False,
            "properties": {"physicalLocation": PLACE, "logicalLocations": {"type": "array", "items": {
                "type": "object", "additionalProperties": False,
                "properties": {"fullyQualifiedName": {"type": "string"}},
            }}},
        }},
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
        "suppressions": {"type": "array", "uniqueItems": True, "items": {
            "type": "object", "additionalProperties": False, "required": ["kind"],
            "properties": {"kind": {"enum": ["inSource", "external"]}, "justification": {"type": "string"}},
        }},
        "properties": {"type": "object"},
    },
}  # fmt: skip
SARIF = {
    "type": "object", "additionalProperties": False, "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string"}, "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "maxItems": 1, "items": {
            "type": "object", "additionalProperties": False, "required": ["tool"],
            "properties": {
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "results": {"type": "array", "items": RESULT},
                "tool": {"type": "object", "additionalProperties": False, "required": ["driver"], "properties": {
                    "driver": {
                        "type": "object", "additionalProperties": False, "required": ["name"],
                        "properties": {
                            "name": {"type": "string"}, "version": {"type": "string"},
                            "rules": {"type": "array", "uniqueItems": True, "items": {
                                "type": "object", "additionalProperties": False, "required": ["id"],
                                "properties": {
                                    "id": {"type": "string"}, "shortDescription": TEXT, "fullDescription": TEXT,
                                    "help": TEXT, "properties": {"type": "object"},
                                    "defaultConfiguration": {
                                        "type": "object", "additionalProperties": False, "properties": {"level": LEVEL},
                                    },
                                },
                            }},
                        },
                    },
                }},
            },
        }},
    },
}  # fmt: skip
"""What of the schema of SARIF 2.1.0 concerns us (https://docs.oasis-open.org/sarif/sarif/v2.1.0/): the keys that
may stand in a file, and those that must."""
