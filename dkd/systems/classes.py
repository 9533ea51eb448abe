"""What a change does to stored data and to readers, in the words that ``dkd diff`` and ``--fail-on`` use."""

from typing import Literal, get_args

ChangeClass = Literal[
    "safe", "additive", "needs-order", "needs-backfill", "needs-new-topic", "semantic", "destructive",
    "privacy-widening", "blocked",
]  # fmt: skip
"""
* ``safe``: nobody can notice. ``additive``: something new, old readers go on.
* ``needs-order``: fine when the systems change in the right order.
* ``needs-backfill``: stored data must be rewritten to agree. ``needs-new-topic``: not within this topic or datasource.
* ``semantic``: it decodes, but numbers or their meaning change. ``destructive``: data or precision is lost.
* ``privacy-widening``: more personal data, or to more readers.
* ``blocked``: refused by the system or by dkd, and also whatever no rule knows.
"""

CLASSES: tuple[ChangeClass, ...] = get_args(ChangeClass)

BREAKING: frozenset[ChangeClass] = frozenset(CLASSES) - {"safe", "additive", "needs-order"}
"""What ``--fail-on breaking`` means."""
