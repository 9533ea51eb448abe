"""A layout and ports become one JVM with ZooKeeper and Druid's services: its configuration, command and readiness."""

import os
import shutil
from importlib import resources
from pathlib import Path

from dkd.local.jars import class_path
from dkd.local.java import arguments, java, properties
from dkd.local.layout import Layout
from dkd.local.ports import HOST
from dkd.local.probe import document, sql, status_of
from dkd.settings import Ports

DIRECT_MB = 2048
MERGE_BUFFERS = 4
"""Two exact distinct counts in one query need three."""
_BUFFERS = 18
"""Broker, historical and indexer each hold the merge buffers and one a thread, all of them touched at the start."""
_BESIDE_MB = 300
"""Classes, compiled code, threads; measured after 400,000 rows and some queries."""
_OPEN = ("java.nio", "sun.nio.ch", "jdk.internal.ref", "java.io", "java.lang")


def write_conf(layout: Layout, ports: Ports, store: Path, heap_mb: int) -> None:
    """Write the files of ZooKeeper and of Druid's services into ``conf/``."""
    for name in ("coordinator", "broker", "historical", "indexer"):
        values = {**common(layout, ports, heap_mb), **service(name, layout, ports)}
        (layout.conf / f"{name}.properties").write_text(properties(values), "ascii")
    zoo = {
        "tickTime": "2000",
        "dataDir": str(layout.zookeeper),
        "clientPort": str(ports.zookeeper),
        "clientPortAddress": HOST,
        "admin.enableServer": "false",
    }
    (layout.conf / "zoo.cfg").write_text(properties(zoo), "ascii")
    launcher = layout.conf / "druid.js"
    launcher.write_text((resources.files("dkd.local") / "runtime" / "druid.js").read_text("utf-8"), "utf-8")
    program = ["org.mozilla.javascript.tools.shell.Main", "-opt", "-1", str(launcher)]
    text = arguments(_options(layout, heap_mb), class_path("druid", store), program)
    (layout.conf / "druid.args").write_text(text, "utf-8")


def command(layout: Layout) -> list[str]:
    """The command that starts ZooKeeper and Druid."""
    return [str(java()), f"@{layout.conf / 'druid.args'}"]


def before_start(layout: Layout) -> None:
    """Drop ZooKeeper's nodes: those of a killed Druid would live 30 s more and keep the new one from leading."""
    shutil.rmtree(layout.zookeeper, ignore_errors=True)


def missing(ports: Ports) -> str:
    """The first service that is not ready yet; empty when Druid takes tasks and answers SQL."""
    workers = "/druid/indexer/v1/workers"
    checks = (
        ("coordinator", lambda: status_of(ports.coordinator, "/status/health") == 200),
        ("overlord's leader", lambda: status_of(ports.coordinator, "/druid/indexer/v1/isLeader") == 200),
        ("indexer", lambda: bool(document(ports.coordinator, workers))),
        ("broker", lambda: status_of(ports.broker, "/druid/broker/v1/readiness") == 200),
        ("historical", lambda: status_of(ports.historical, "/druid/historical/v1/readiness") == 200),
        ("SQL", lambda: sql(ports.broker, "SELECT 1") == [[1]]),
    )
    return next((name for name, ready in checks if not ready()), "")


def buffer_mb(heap_mb: int) -> int:
    """Size of one processing buffer: 20 hold some 150 groups of a theta sketch of 16384, 100 suit ten million rows."""
    return min(100, max(20, heap_mb // 32))


def cache_mb(heap_mb: int) -> int:
    """Size of the cache of answers of broker, historical and indexer each, which lie in one heap.

    A page over ten million rows keeps some 30 MB of sketches of visitors.
    """
    return heap_mb // 6


def resident_mb(heap_mb: int) -> int:
    """What Druid's process may come to occupy with a heap of *heap_mb*."""
    return heap_mb + _BUFFERS * buffer_mb(heap_mb) + _BESIDE_MB


def common(layout: Layout, ports: Ports, heap_mb: int) -> dict[str, str]:
    """Settings of every service."""
    derby = f"jdbc:derby://{HOST}:{ports.derby}/{layout.data / 'metadata.db'};create=true"
    return {
        "druid.extensions.loadList": "[]",
        "druid.host": HOST,
        "druid.bindOnHost": "true",
        "druid.zk.service.host": f"{HOST}:{ports.zookeeper}",
        "druid.metadata.storage.type": "derby",
        "druid.metadata.storage.connector.connectURI": derby,
        "druid.metadata.storage.connector.host": HOST,
        "druid.metadata.storage.connector.port": str(ports.derby),
        "druid.storage.type": "local",
        "druid.storage.storageDirectory": str(layout.data / "segments"),
        "druid.indexer.logs.type": "file",
        "druid.indexer.logs.directory": str(layout.data / "indexing-logs"),
        "druid.selectors.indexing.serviceName": "druid/overlord",
        "druid.selectors.coordinator.serviceName": "druid/coordinator",
        "druid.emitter": "noop",
        "druid.lookup.enableLookupSyncOnStartup": "false",
        "druid.segment.handoff.pollDuration": "PT1S",
        "druid.processing.buffer.sizeBytes": f"{buffer_mb(heap_mb)}MiB",
        "druid.processing.numMergeBuffers": str(MERGE_BUFFERS),
        "druid.processing.numThreads": str(min(4, max(2, os.cpu_count() or 2))),
        "druid.cache.type": "caffeine",
        "druid.cache.sizeInBytes": str(cache_mb(heap_mb) << 20),
        # Rows that are stored anew can bear the names of segments that were dropped, whose answers must be forgotten.
        "druid.cache.evictOnClose": "true",
        "druid.server.http.numThreads": "20",
        # The default of 30 s would be waited for by every service in turn.
        "druid.server.http.gracefulShutdownTimeout": "PT1S",
        "druid.startup.logging.logProperties": "false",
        "druid.query.groupBy.maxOnDiskStorage": "1GiB",
    }


def service(name: str, layout: Layout, ports: Ports) -> dict[str, str]:
    """Settings of one service: coordinator (with overlord), broker, historical or indexer."""
    own = {"coordinator": _coordinator, "broker": _broker, "historical": _historical, "indexer": _indexer}[name](layout)
    return {"druid.service": f"druid/{name}", "druid.plaintextPort": str(getattr(ports, name)), **own}


def _coordinator(_: Layout) -> dict[str, str]:
    return {
        "druid.coordinator.startDelay": "PT1S",
        "druid.coordinator.period": "PT2S",
        "druid.coordinator.asOverlord.enabled": "true",
        "druid.coordinator.asOverlord.overlordService": "druid/overlord",
        "druid.manager.segments.pollDuration": "PT1S",
        "druid.indexer.queue.startDelay": "PT0S",
        "druid.indexer.runner.type": "httpRemote",
        "druid.indexer.storage.type": "metadata",
    }


def _broker(_: Layout) -> dict[str, str]:
    return {
        "druid.broker.http.numConnections": "20",
        "druid.broker.http.maxQueuedBytes": "10MiB",
        "druid.sql.planner.metadataRefreshPeriod": "PT1S",
        "druid.sql.planner.metadataSegmentPollPeriod": "1000",
        # Not the cache of whole results, nor the historical's own: both keep answers of segments that are gone.
        "druid.broker.cache.useCache": "true",
        "druid.broker.cache.populateCache": "true",
    }


def _historical(layout: Layout) -> dict[str, str]:
    folder = str(layout.data / "segment-cache").replace("\\", "\\\\").replace('"', '\\"')
    return {
        "druid.segmentCache.locations": f'[{{"path":"{folder}","maxSize":"20g"}}]',
        # A new segment that bears a dropped one's name would be served from the old files while they lie there.
        "druid.segmentCache.dropSegmentDelayMillis": "0",
    }


def _indexer(layout: Layout) -> dict[str, str]:
    return {
        # A supervisor that restarts and each second datasource need spare slots.
        "druid.worker.capacity": "8",
        "druid.indexer.task.baseTaskDir": str(layout.data / "task"),
        # Restored tasks have read a row twice after a kill; new ones read again from the last publish, exactly.
        "druid.indexer.task.restoreTasksOnRestart": "false",
    }


def _options(layout: Layout, heap_mb: int) -> list[str]:
    return [
        f"-Xmx{heap_mb}m",
        f"-XX:MaxDirectMemorySize={DIRECT_MB}m",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={layout.logs / 'druid-crash-%p.log'}",
        "-Djava.net.preferIPv4Stack=true",
        "-Duser.timezone=UTC",
        "-Dfile.encoding=UTF-8",
        f"-Djava.io.tmpdir={layout.temporary}",
        "-Djava.util.logging.manager=org.apache.logging.log4j.jul.LogManager",
        f"-Dlog4j.configurationFile={layout.conf / 'log4j2.xml'}",
        f"-Dderby.stream.error.file={layout.logs / 'derby.log'}",
        f"-Ddkd.conf={layout.conf}",
        "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
        "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPEN),
        "--add-opens=jdk.management/com.sun.management.internal=ALL-UNNAMED",
    ]
