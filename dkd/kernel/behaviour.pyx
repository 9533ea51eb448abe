# cython: boundscheck=False, wraparound=False, cdivision=True
"""What visitors do is followed event by event. The plain form is ``dkd.enrich.behaviour``."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from dkd.kernel.memory cimport held
from dkd.kernel.pieces cimport Visitor

VISITOR_BYTES = sizeof(Visitor)
PAGE, CLICK, DONE = 1, 2, 4
"""What an event is, as bits."""

cdef enum:
    IS_PAGE = 1
    IS_CLICK = 2
    IS_DONE = 4
    VIEWED = 1  # bits of a row's ``viewed``
    ACTED = 2

cdef extern from *:
    """
    static double dkd_times(double one, double other) {
        volatile double found = one * other;  /* never one step with the sum that follows, which rounds otherwise */
        return found;
    }
    """
    double dkd_times(double one, double other) noexcept nogil

cdef int64_t NEVER = -(<int64_t> 1 << 62)


cdef struct Limits:
    int64_t horizon_ms
    int64_t minute_ms
    int64_t most_events
    int64_t most_pages
    int64_t burst
    int64_t even
    int64_t quick_ms
    int64_t even_least_ms
    int64_t even_most_ms
    int64_t clicks
    int64_t most
    double varies


cdef struct Bits:
    uint16_t rate
    uint16_t pages
    uint16_t burst
    uint16_t even
    uint16_t blind


cdef struct Watched:
    # A visitor while events are read; wider than the row that is kept.
    int64_t page_ms
    uint64_t page
    int64_t minute
    int64_t gap_ms
    int64_t gaps_ms
    int64_t squares
    int64_t events
    int64_t pages
    int64_t even
    int64_t burst
    int64_t clicks
    uint16_t flags
    bint viewed
    bint acted  # whether something was done since the last page, or since the visitor is watched


cdef void _begun(Watched *mine, const Visitor *known) noexcept nogil:
    """Begin with what is *known*; with nothing for NULL."""
    memset(mine, 0, sizeof(Watched))
    mine.page_ms = mine.minute = NEVER
    if known != NULL:
        mine.page_ms, mine.page, mine.minute = known.page_ms, known.page, known.minute
        mine.gap_ms, mine.gaps_ms, mine.squares = known.gap_ms, known.gaps_ms, known.squares
        mine.events, mine.pages, mine.even, mine.burst = known.events, known.pages, known.even, known.burst
        mine.clicks, mine.flags = known.clicks, known.flags
        mine.viewed, mine.acted = known.viewed & VIEWED, known.viewed & ACTED


cdef void _rated(Watched *mine, int64_t time_ms, bint is_page, const Limits *limits, const Bits *bits) noexcept nogil:
    """Count what comes in the newest minute."""
    cdef int64_t minute = time_ms // limits.minute_ms
    if time_ms < 0 and minute * limits.minute_ms != time_ms:
        minute -= 1
    if minute > mine.minute:
        mine.minute, mine.events, mine.pages = minute, 0, 0
    if minute == mine.minute:
        mine.events += 1
        mine.pages += is_page
    if mine.events > limits.most_events:
        mine.flags |= bits.rate
    if mine.pages > limits.most_pages:
        mine.flags |= bits.pages


cdef void _paged(Watched *mine, int64_t time_ms, uint64_t page, const Limits *limits, const Bits *bits) noexcept nogil:
    """Follow a page that is newer than those before it."""
    cdef int64_t gap = 0 if mine.page_ms < 0 else time_ms - mine.page_ms
    cdef int64_t apart = gap - mine.gap_ms if gap > mine.gap_ms else mine.gap_ms - gap
    cdef bint in_a_row = page != mine.page and gap > 0
    cdef bint is_quick = in_a_row and not mine.acted and gap <= limits.quick_ms
    cdef bint is_even = (in_a_row and limits.even_least_ms <= gap <= limits.even_most_ms and mine.gap_ms > 0
                         and apart * 2 <= mine.gap_ms)  # fmt: skip
    mine.even = mine.even + 1 if is_even else 0
    mine.gaps_ms = mine.gaps_ms + gap if is_even else 0
    mine.squares = mine.squares + gap * gap if is_even else 0
    mine.burst = mine.burst + 1 if is_quick else 0
    mine.page_ms, mine.page, mine.gap_ms, mine.acted = time_ms, page, gap, False
    cdef double gaps = <double> mine.gaps_ms, spread = limits.varies * gaps
    if mine.burst >= limits.burst:
        mine.flags |= bits.burst
    if mine.even >= limits.even and (
        <double> (mine.even * mine.squares) - dkd_times(gaps, gaps) <= dkd_times(spread, spread)
    ):
        mine.flags |= bits.even


cdef void _kept(const Watched *mine, Visitor *row, int64_t most, bint has_pages) noexcept nogil:
    """Write what is known in the end."""
    row.page_ms, row.page, row.minute = mine.page_ms, mine.page, mine.minute
    row.gap_ms, row.gaps_ms, row.squares = mine.gap_ms, mine.gaps_ms, mine.squares
    row.events, row.pages = <uint32_t> mine.events, <uint32_t> mine.pages
    row.even, row.burst = <uint32_t> min(mine.even, most), <uint32_t> (0 if mine.acted else min(mine.burst, most))
    row.clicks = <uint32_t> min(mine.clicks, most) if has_pages else 0
    row.flags, row.viewed = mine.flags, (VIEWED if mine.viewed and has_pages else 0) | (ACTED if mine.acted else 0)


def watched(order, Py_ssize_t count, starts, Py_ssize_t parties, times, watermarks, kinds, pages, known, limits, bits,
            bint has_pages, is_new, flags, rows):
    """Follow *count* events of *parties*.

    Args:
        order: Of the events: those of one party after the other, in offset order.
        starts: Where in *order* the events of each party begin; ascending, the first at 0.
        times, watermarks: Of each event, in ms.
        kinds: Of each event, bits of :data:`PAGE`, :data:`CLICK` and :data:`DONE`.
        pages: Hash of each event's page, where it is one.
        known: Row of each party before.
        limits: Of :mod:`dkd.enrich.behaviour`.
        bits: Of the reasons.
        has_pages: Whether the site tells of pages; else clicks need none before them.
        is_new: Whether the visitor of an event, given its place, was made at a time or later.
        flags: Gets the reasons of each event.
        rows: Gets the row of each party after; its key is there.
    """
    cdef const int64_t *placed = <const int64_t *> held(order, count * 8, False)
    cdef const int64_t *started = <const int64_t *> held(starts, parties * 8, False)
    cdef const int64_t *timed = <const int64_t *> held(times, count * 8, False)
    cdef const int64_t *marked = <const int64_t *> held(watermarks, count * 8, False)
    cdef const uint8_t *kind_of = <const uint8_t *> held(kinds, count, False)
    cdef const uint64_t *page_of = <const uint64_t *> held(pages, count * 8, False)
    cdef const Visitor *before = <const Visitor *> held(known, parties * <Py_ssize_t> sizeof(Visitor), False)
    cdef Visitor *after = <Visitor *> held(rows, parties * <Py_ssize_t> sizeof(Visitor), True)
    cdef uint16_t *flagged = <uint16_t *> held(flags, count * 2, True)
    cdef Limits wanted
    cdef Bits bit
    cdef Watched mine
    cdef Py_ssize_t party, seq, start, end, place
    cdef int64_t seen_ms, horizon_ms
    cdef uint8_t kind
    (wanted.horizon_ms, wanted.minute_ms, wanted.most_events, wanted.most_pages, wanted.burst, wanted.even,
     wanted.quick_ms, wanted.even_least_ms, wanted.even_most_ms, wanted.clicks, wanted.most, wanted.varies) = limits
    bit.rate, bit.pages, bit.burst, bit.even, bit.blind = bits
    for party in range(parties):
        start, end = started[party], started[party + 1] if party + 1 < parties else count
        if start < 0 or end <= start or end > count:
            raise IndexError(f"no events from {start} to {end}")
        seen_ms = before[party].seen_ms
        for seq in range(start, end):
            place = placed[seq]
            if place < 0 or place >= count:
                raise IndexError(place)
            horizon_ms, kind = marked[place] - wanted.horizon_ms, kind_of[place]
            if seen_ms < horizon_ms:
                _begun(&mine, NULL)
            elif seq == start:
                _begun(&mine, before + party)
            seen_ms = max(seen_ms, timed[place])
            _rated(&mine, timed[place], kind & IS_PAGE, &wanted, &bit)
            mine.acted = mine.acted or kind & IS_DONE
            if kind & IS_PAGE and timed[place] > mine.page_ms:
                _paged(&mine, timed[place], page_of[place], &wanted, &bit)
            if has_pages:
                mine.viewed = mine.viewed or kind & IS_PAGE
                if kind & IS_CLICK and not mine.viewed:
                    mine.clicks += 1
                    # A visitor from before what is remembered may have seen pages that were forgotten.
                    if mine.clicks >= wanted.clicks and is_new(place, horizon_ms):
                        mine.flags |= bit.blind
            flagged[place] = mine.flags
        after[party].seen_ms = seen_ms
        _kept(&mine, after + party, wanted.most, has_pages)


cdef struct Run:
    const Visitor *rows
    Py_ssize_t count
    Py_ssize_t at


cdef Py_ssize_t _picked(Run *runs, Py_ssize_t count, int64_t since_ms, const Visitor **picks) noexcept nogil:
    """Which rows tell what the newest run knows of each party that was seen since then, by party."""
    cdef Py_ssize_t seq, newest, done = 0
    cdef uint64_t key = 0
    while True:
        newest = -1
        for seq in range(count):
            if runs[seq].at < runs[seq].count and (newest < 0 or runs[seq].rows[runs[seq].at].key <= key):
                newest, key = seq, runs[seq].rows[runs[seq].at].key
        if newest < 0:
            return done
        picks[done] = runs[newest].rows + runs[newest].at
        done += picks[done].seen_ms >= since_ms
        for seq in range(count):
            if runs[seq].at < runs[seq].count and runs[seq].rows[runs[seq].at].key == key:
                runs[seq].at += 1


def newest(runs, int64_t since_ms, room):
    """Of each party the row of the last run that knows it, where it was seen at *since_ms* or later; by key.

    Args:
        runs: Rows by key, each key once.
        since_ms: Least time.
        room: Makes an array for so many rows.
    """
    cdef Py_ssize_t count = len(runs), total = 0, seq, done
    cdef Run *opened = <Run *> calloc(count + 1, sizeof(Run))
    cdef const Visitor **picks = NULL
    cdef Visitor *kept
    try:
        if opened == NULL:
            raise MemoryError
        for seq in range(count):
            opened[seq].count = len(runs[seq])
            opened[seq].rows = <const Visitor *> held(runs[seq], opened[seq].count * <Py_ssize_t> sizeof(Visitor), False)
            total += opened[seq].count
        picks = <const Visitor **> calloc(total + 1, sizeof(Visitor *))
        if picks == NULL:
            raise MemoryError
        done = _picked(opened, count, since_ms, picks)
        rows = room(done)
        kept = <Visitor *> held(rows, done * <Py_ssize_t> sizeof(Visitor), True)
        for seq in range(done):
            kept[seq] = picks[seq][0]
        return rows
    finally:
        free(opened)
        free(picks)
