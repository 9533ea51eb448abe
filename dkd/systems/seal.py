"""A live artefact becomes a form without secrets, and a digest by which it is known again."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from dkd.systems.change import HIDDEN

ABSENT = "absent"
"""Stands for the digest of what is not there."""

_SECRET = ("password", "jaas", "secret", "credential", "token")


def is_secret(name: str) -> bool:
    """Whether a setting of this name holds a secret."""
    lower = name.lower()
    return any(word in lower for word in _SECRET)


def sealed(value: Any, key: bytes | None) -> Any:
    """*value* with each secret in it replaced by a keyed fingerprint, which tells whether it changed and nothing else.

    Args:
        value: JSON.
        key: Of the fingerprints; without one a secret is hidden and a change of it is not seen.
    """
    if isinstance(value, Mapping):
        return {
            name: _fingerprint(inner, key) if is_secret(str(name)) and inner is not None else sealed(inner, key)
            for name, inner in value.items()
        }
    return [sealed(inner, key) for inner in value] if isinstance(value, list | tuple) else value


def digest(value: Any) -> str:
    """16 hex digits that name a sealed JSON value; :data:`ABSENT` for None."""
    if value is None:
        return ABSENT
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def _fingerprint(value: Any, key: bytes | None) -> str:
    if not key:
        return HIDDEN
    return "keyed:" + hmac.new(key, json.dumps(value, sort_keys=True).encode(), hashlib.sha256).hexdigest()[:16]
