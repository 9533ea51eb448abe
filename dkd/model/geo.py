"""What a city database knows of an address: each thing's word, its type, and where it stands in a record of MaxMind."""

from typing import Literal, NamedTuple


class GeoField(NamedTuple):
    """One thing that is known of an address.

    Attributes:
        type: ``texts`` is a list.
        producer: The call of Divolte's mapping language.
        path: Keys and places in the database's record; ``*`` stands for each item of a list.
    """

    type: Literal["text", "texts", "int", "double"]
    producer: str
    path: tuple[str | int, ...]


def _named(word: str, producer: str, path: tuple[str | int, ...], code: str) -> dict[str, GeoField]:
    """Code, name and number of a place."""
    return {
        f"{word}_code": GeoField("text", f"{producer}Code()", (*path, code)),
        f"{word}_name": GeoField("text", f"{producer}Name()", (*path, "names", "en")),
        f"{word}_id": GeoField("int", f"{producer}Id()", (*path, "geoname_id")),
    }


GEO: dict[str, GeoField] = {
    "city_name": GeoField("text", "cityName()", ("city", "names", "en")),
    "city_id": GeoField("int", "cityId()", ("city", "geoname_id")),
    **_named("continent", "continent", ("continent",), "code"),
    **_named("country", "country", ("country",), "iso_code"),
    **_named("subdivision", "mostSpecificSubdivision", ("subdivisions", -1), "iso_code"),
    **_named("registered_country", "registeredCountry", ("registered_country",), "iso_code"),
    **_named("represented_country", "representedCountry", ("represented_country",), "iso_code"),
    "subdivision_codes": GeoField("texts", "subdivisionCodes()", ("subdivisions", "*", "iso_code")),
    "subdivision_names": GeoField("texts", "subdivisionNames()", ("subdivisions", "*", "names", "en")),
    "postal_code": GeoField("text", "postalCode()", ("postal", "code")),
    "time_zone": GeoField("text", "timeZone()", ("location", "time_zone")),
    "latitude": GeoField("double", "latitude()", ("location", "latitude")),
    "longitude": GeoField("double", "longitude()", ("location", "longitude")),
    "metro_code": GeoField("int", "metroCode()", ("location", "metro_code")),
}
"""In the words of the model. Networks and providers stand in other databases, which Divolte does not ask."""
