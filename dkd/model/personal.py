"""Whether a field's name is one under which sites send what identifies a person."""

_WORDS = frozenset(
    {
        "email", "mail", "phone", "mobile", "birthday", "birthdate", "dob", "iban", "ssn", "passport", "password",
        "surname", "firstname", "lastname",
    }
)  # fmt: skip
_NAMES = frozenset(
    {
        "first_name", "last_name", "full_name", "user_name", "username", "ip", "ip_address", "address",
        "street", "postcode", "zip", "card_number", "credit_card", "cvv",
    }
)  # fmt: skip


def sounds_personal(name: str, kind: object) -> bool:
    """Whether a field of type *kind* called *name* probably holds personal data.

    A name says nothing for certain, so this only ever asks for a decision.
    """
    # Whether there is an address is no address.
    return kind != "boolean" and (name in _NAMES or bool(_WORDS & set(name.split("_"))))
