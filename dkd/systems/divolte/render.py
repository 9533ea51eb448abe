"""A model becomes the configuration with which Divolte 0.9.0 starts."""

from datetime import timedelta

from dkd.model.schema import Model
from dkd.systems.avro.render import raw_schema, schema_id
from dkd.systems.divolte.quote import hocon
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
{geo_database}    hdfs.enabled = false
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
        geo_database=_geo_database(model.collector.geo_database),
    )


def _geo_database(path: str | None) -> str:
    if path is None:
        return ""
    return f"""\
    mapper {{
      // Environment: DKD_GEO_DATABASE
      ip2geo_database = {hocon(path)}
      ip2geo_database = ${{?DKD_GEO_DATABASE}}
    }}
"""
