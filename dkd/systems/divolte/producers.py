"""Sources and conditions of the model become expressions of Divolte's mapping language."""

from dkd.model.geo import GEO
from dkd.model.jsonpath import parse_path, path_text
from dkd.model.source import AGENT_FIELDS, COLUMNS, Carried, Source, carried, parse_source
from dkd.model.step import Condition
from dkd.systems.divolte.quote import groovy, literal

_PARTS = {
    "scheme": "scheme()", "host": "host()", "port": "port()", "path": "rawPath()", "query": "rawQueryString()",
    "fragment": "rawFragment()",
}  # fmt: skip
_DECODED = {"path": "path()", "query": "decodedQueryString()", "fragment": "decodedFragment()"}
_URIS = {"location": "page", "referer": "before", "fragment": "inner"}
_DEFINITIONS = {
    "parameters": "eventParameters()",
    "page": "parse location() to uri",
    "inner": "parse page.rawFragment() to uri",
    "before": "parse referer() to uri",
    "agent": "userAgent()",
    "visitor": "ip2geo()",
}
"""None of the names is one of the mapping language: a variable would hide the call of the same name."""
_LITERALS: dict[Carried, str] = {"int": "int", "long": "long", "double": "double"}


class Producers:
    """Writes expressions, and remembers the variables that they need."""

    def __init__(self) -> None:
        """Nothing is needed yet."""
        self._needed: set[str] = set()

    def definitions(self) -> list[str]:
        """The statements that make the variables of all that was written, in the order that they need."""
        if "inner" in self._needed:
            self._needed.add("page")
        return [f"def {name} = {what}" for name, what in _DEFINITIONS.items() if name in self._needed]

    def value(self, source: Source) -> str:
        """The producer of what stands at *source*; of an event parameter its JSON."""
        if source.kind == "parameter":
            return f"{self._use('parameters')}.path({groovy(path_text((source.name,)))})"
        if source.kind == "path":
            return f"{self._use('parameters')}.path({groovy(path_text(parse_path(source.name)))})"
        if source.kind == "geo":
            return f"{self._use('visitor')}.{GEO[source.name].producer}"
        if source.kind == "column":
            return COLUMNS[source.name][1]
        if source.kind == "address":
            return f"{source.name}()"
        if source.kind == "agent":
            return f"{self._use('agent')}.{AGENT_FIELDS[source.name]}"
        return self._text(source)

    def text(self, source: Source) -> str:
        """The producer of the text at *source*; of an event parameter that is not there, an empty one."""
        if source.kind == "parameter":
            return f"{self._use('parameters')}.value({groovy(source.name)})"
        return self.value(source)

    def texts(self, source: Source) -> str:
        """The producer of the list at *source*."""
        if source.kind == "query":
            return f"{self._use(_URIS[source.of])}.query().valueList({groovy(source.name)})"
        if source.kind == "header":
            return f"header({groovy(source.name)})"
        return self.value(source)

    def matcher(self, regex: str, source: Source) -> str:
        """The comparison of a source's whole text with *regex*."""
        return f"match({groovy(regex)}).against({self.text(source)})"

    def condition(self, condition: Condition) -> str:
        """The producer of true or false for *condition*."""
        if condition.not_ is not None:
            return f"not({self.condition(condition.not_)})"
        for name, inner in (("and", condition.all), ("or", condition.any)):
            if inner is not None:
                first, *others = (self.condition(one) for one in inner)
                return "".join((first, *(f".{name}({other})" for other in others)))
        return self._test(condition, parse_source(condition.source or ""))

    def _test(self, condition: Condition, source: Source) -> str:
        if condition.is_ is not None:
            return f"{self.value(source)}.is{condition.is_.capitalize()}()"
        if condition.matches is not None:
            return f"{self.matcher(condition.matches, source)}.matches()"
        if condition.same_as is not None:
            return f"{self.text(source)}.equalTo({self.text(parse_source(condition.same_as))})"
        wanted = condition.equals
        if isinstance(wanted, bool):
            return self.value(source) if wanted else f"not({self.value(source)})"
        kind = _LITERALS.get(carried(source), "string")
        return f"{self.text(source)}.equalTo({literal('' if wanted is None else wanted, kind)})"

    def _text(self, source: Source) -> str:
        if source.kind == "query":
            return f"{self._use(_URIS[source.of])}.query().value({groovy(source.name)})"
        if source.kind == "cookie":
            return f"cookie({groovy(source.name)})"
        if source.kind == "header":
            elements = {"": "commaSeparated()", "first": "first()", "last": "last()"}
            return f"header({groovy(source.name)}).{elements.get(source.of, f'get({source.of})')}"
        calls = _DECODED if source.kind == "decoded" else _PARTS
        return f"{self._use(_URIS[source.of])}.{calls[source.name]}"

    def _use(self, variable: str) -> str:
        self._needed.add(variable)
        return variable
