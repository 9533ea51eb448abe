"""Rows of pieces of sessions (``dkd.enrich.runs.ROW``) and of visitors (``dkd.enrich.visitors.VISITOR``), as C has them."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef packed struct Row:
    uint64_t key
    int64_t start_ms
    int64_t end_ms
    uint64_t id[2]
    uint64_t first_tie
    int64_t origin_ms
    uint64_t origin_tie
    int64_t last_page_ms
    uint64_t last_page_tie
    int64_t units
    int64_t micros
    uint32_t events
    uint32_t pageviews
    uint32_t clicks
    uint32_t heartbeats
    uint32_t conversions
    uint32_t pages
    uint32_t party_bytes
    uint32_t device_bytes
    uint32_t origin_bytes
    uint32_t pages_bytes
    uint32_t merged_bytes
    uint32_t campaign
    uint32_t mark
    uint16_t bot
    uint8_t inside
    uint8_t linked


cdef packed struct Visitor:
    uint64_t key
    int64_t seen_ms
    int64_t page_ms
    uint64_t page
    int64_t minute
    int64_t gap_ms
    int64_t gaps_ms
    int64_t squares
    uint32_t events
    uint32_t pages
    uint32_t even
    uint32_t burst
    uint32_t clicks
    uint16_t flags
    uint8_t viewed
