"""One YAML model for a real-time clickstream stack: Divolte collects, Kafka carries, Druid stores."""

__version__ = "0.1.0"
