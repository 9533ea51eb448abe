"""A model becomes what Divolte 0.9.0 starts with: its configuration and the mapping from requests to raw records."""

from collections.abc import Iterator
from datetime import timedelta

from dkd.model.columns import RAW_FIELDS
from dkd.model.schema import Field, Model
from dkd.model.source import Source, parse_source
from dkd.systems.avro.render import raw_schema, schema_id
from dkd.systems.divolte.quote import groovy, hocon, json_path
from dkd.systems.text import mark

FOLDER = "/etc/divolte"
"""Where the files are expected when ``DIVOLTE_CONF_DIR``, which Divolte's own start script knows, is not set."""

_CONF = """\
// Environment: KAFKA_SERVERS, KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_MECHANISM, KAFKA_SASL_JAAS_CONFIG; DIVOLTE_HOST,
// DIVOLTE_PORT, DIVOLTE_USE_XFORWARDED_FOR; DIVOLTE_CONF_DIR is the folder that holds these three files.
// A Groovy mapping needs Java 8 to 10; on Java 11 to 17 replace Groovy 2.5.2 in Divolte's lib by 2.5.23.
dkd {{
  dir = {folder}
  dir = ${{?DIVOLTE_CONF_DIR}}
}}
divolte {{
  global {{
    server {{
      host = "127.0.0.1"
      host = ${{?DIVOLTE_HOST}}
      port = 8290
      port = ${{?DIVOLTE_PORT}}
      use_x_forwarded_for = false
      use_x_forwarded_for = ${{?DIVOLTE_USE_XFORWARDED_FOR}}
      serve_static_resources = false
    }}
    hdfs.enabled = false
    gcs.enabled = false
    gcps.enabled = false
    kafka {{
      enabled = true
      producer {{
        bootstrap.servers = ${{?KAFKA_SERVERS}}
        client.id = {client}
        acks = all
        security.protocol = ${{?KAFKA_SECURITY_PROTOCOL}}
        sasl.mechanism = ${{?KAFKA_SASL_MECHANISM}}
        sasl.jaas.config = ${{?KAFKA_SASL_JAAS_CONFIG}}
      }}
    }}
  }}
  sources {{
    browser {{
      type = browser
      event_suffix = csc-event
      session_timeout = {session_timeout}
{cookie_domain}    }}
  }}
  mappings {{
    events {{
      schema_file = ${{dkd.dir}}"/event.avsc"
      mapping_script_file = ${{dkd.dir}}"/mapping.groovy"
      confluent_id = {schema_id}
      sources = [browser]
      sinks = [raw]
      discard_corrupted = false
      discard_duplicates = false
    }}
  }}
  sinks {{
    raw {{
      type = kafka
      topic = {topic}
      mode = confluent
    }}
  }}
}}
"""


def conf(model: Model) -> str:
    """``divolte-collector.conf``: one browser source, one mapping, one Kafka sink in ``confluent`` framing.

    Corrupt events and duplicates go on: their flags are in the record, and Divolte takes a request with an emoji for a
    corrupt one.
    """
    domain = model.collector.cookie_domain
    gap_s = model.enrich.timing.gap // timedelta(seconds=1)
    return mark(model.site, "//") + _CONF.format(
        folder=hocon(FOLDER),
        client=hocon(f"{model.site}.divolte"),
        # A bare number is no duration to Divolte.
        session_timeout=hocon(f"{max(gap_s, 1)} seconds"),
        cookie_domain="" if domain is None else f"      cookie_domain = {hocon(domain)}\n",
        schema_id=schema_id(raw_schema(model)),
        topic=hocon(model.topic("raw")),
    )


def mapping(model: Model) -> str:
    """``mapping.groovy``: each field of the raw record that Divolte can fill; comments say which it cannot, and why."""
    own = {name: field for name, field in model.all_fields.items() if field.privacy != "drop"}
    sources = {name: parse_source(field.source, name) for name, field in own.items()}
    lines = [*_standard(model), *_definitions({source.kind for source in sources.values()})]
    for name, field in own.items():
        lines += _mapped(name, field, sources[name])
    return mark(model.site, "//") + "mapping {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def _standard(model: Model) -> Iterator[str]:
    for field in RAW_FIELDS:
        if field.name == "remoteHost" and model.collector.ip != "full":
            yield f"// no remoteHost: Divolte cannot {model.collector.ip} an address (collector.ip), so it sends none"
        elif field.producer:
            yield f"map {field.producer} onto '{field.name}'"


def _definitions(kinds: set[str]) -> Iterator[str]:
    if "parameter" in kinds:
        yield "def parameters = eventParameters()"
    if kinds & {"query", "location"}:
        yield "def page = parse location() to uri"


def _mapped(name: str, field: Field, source: Source) -> Iterator[str]:
    if source.kind == "parameter":
        yield _parameter(name, field, source.name)
    elif field.type == "list":
        yield _list(name, source)
    elif field.type == "boolean":
        # `parse to bool` would make false of every other text.
        for text in ("true", "false"):
            yield f"when {_text(source)}.equalTo('{text}') apply {{ map {text} onto '{name}' }}"
    else:
        yield f"map {_parsed(_text(source), field)} onto '{name}'"


def _parameter(name: str, field: Field, parameter: str) -> str:
    """The statement that takes a field from an event parameter.

    Whole numbers are parsed from text, because a path wraps those that do not fit; all else is taken by path, because
    ``value`` makes an empty text of a parameter that is not there.
    """
    if field.type in _WHOLE:
        return f"map {_parsed(f'parameters.value({groovy(parameter)})', field)} onto '{name}'"
    return f"map parameters.path({groovy(json_path(parameter))}) onto '{name}'"


_WHOLE = frozenset({"int", "long", "timestamp"})
_PARSE = {"int": "int32", "long": "int64", "timestamp": "int64", "float": "fp32", "double": "fp64"}


def _parsed(text: str, field: Field) -> str:
    kind = _PARSE.get(field.type)
    return f"{{ parse {text} to {kind} }}" if kind else text


def _list(name: str, source: Source) -> str:
    if source.kind == "query":
        return f"map page.query().valueList({groovy(source.name)}) onto '{name}'"
    if source.kind == "header":
        return f"map header({groovy(source.name)}) onto '{name}'"
    return f"// no {name}: Divolte cannot make a list of one {source.kind} value"


def _text(source: Source) -> str:
    """The producer of a source's text; it is absent where there is none."""
    if source.kind == "query":
        return f"page.query().value({groovy(source.name)})"
    if source.kind == "cookie":
        return f"cookie({groovy(source.name)})"
    if source.kind == "header":
        return f"header({groovy(source.name)}).commaSeparated()"
    return _LOCATION[source.name]


_LOCATION = {
    "host": "page.host()",
    "path": "page.rawPath()",
    "query": "page.rawQueryString()",
    "fragment": "page.rawFragment()",
}
