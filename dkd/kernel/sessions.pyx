# cython: boundscheck=False, wraparound=False, cdivision=True
"""Events join the sessions of their parties, and pieces become one. The plain forms are ``dkd.enrich.placing`` and
``dkd.enrich.pieces``.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_Check, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memmove, memset

from dkd.kernel.memory cimport held
from dkd.kernel.pieces cimport Row

ROW_BYTES = sizeof(Row)
FRESH, EXTENDED, OTHER = 0, 1, 2
"""Groups of events alone, groups of one piece and later events, and those that need the plain form."""

cdef enum:
    IS_FRESH = 0
    IS_EXTENDED = 1
    IS_OTHER = 2
    PAGE_BYTES = 18  # time, tie and length, before a page's path

cdef int64_t NEVER = -(<int64_t> 1 << 62)


cdef struct Limits:
    int64_t gap_ms
    int64_t long_ms  # a session that may still grow can only meet its cap when it is about so long already
    int64_t most_events


cdef struct Party:
    # A party's pieces, and its events in the order of the partition.
    const Row *rows
    Py_ssize_t first, end  # of its pieces
    const Row *events
    const int64_t *order
    Py_ssize_t start, stop  # in the order


cdef struct Segment:
    # Events that silence does not part, and the newest piece where it joins them.
    bint joins
    int64_t start_ms, end_ms, opened_ms, least_ms, other_ms
    int64_t events


cdef inline bint _is_long(const Segment *found, const Limits *limits) noexcept nogil:
    return found.end_ms - found.start_ms > limits.long_ms or found.events >= limits.most_events


cdef inline int64_t _silent_since(const Party *party, Py_ssize_t seq, int64_t greatest_ms) noexcept nogil:
    """When the newest thing before an event was."""
    cdef int64_t found = NEVER if seq == party.start else greatest_ms
    return max(found, party.rows[party.end - 1].end_ms) if party.end > party.first else found


cdef inline bint _begins(
    Segment *found, const Party *party, Py_ssize_t seq, int64_t greatest_ms, const Limits *limits
) noexcept nogil:
    """Whether the event begins a segment, which is set then."""
    cdef int64_t time_ms = party.events[party.order[seq]].start_ms, since_ms = _silent_since(party, seq, greatest_ms)
    cdef bint is_new = time_ms > since_ms + limits.gap_ms
    cdef const Row *newest
    if not is_new and seq > party.start:
        return False
    found.joins = not is_new and party.end > party.first
    found.start_ms = found.end_ms = found.opened_ms = time_ms
    found.other_ms, found.events = since_ms, 0
    if found.joins:
        newest = party.rows + party.end - 1
        found.opened_ms, found.end_ms, found.events = newest.start_ms, max(time_ms, newest.end_ms), newest.events
        found.start_ms = min(time_ms, newest.start_ms)
        found.other_ms = party.rows[party.end - 2].end_ms if party.end - party.first > 1 else NEVER
    found.least_ms = found.opened_ms
    return True


cdef bint _is_slow(const Party *party, const Limits *limits) noexcept nogil:
    """Whether the rules of order, or the caps, may concern the party."""
    cdef Py_ssize_t place, seq
    cdef int64_t time_ms, greatest_ms = NEVER
    cdef Segment mine
    memset(&mine, 0, sizeof(Segment))
    for place in range(party.first, party.end):
        if party.rows[place].linked or party.rows[place].end_ms - party.rows[place].start_ms > limits.long_ms:
            return True
        if place > party.first and party.rows[place].start_ms - party.rows[place - 1].end_ms <= limits.gap_ms:
            return True
    for seq in range(party.start, party.stop):
        time_ms = party.events[party.order[seq]].start_ms
        if not _begins(&mine, party, seq, greatest_ms, limits):
            mine.start_ms, mine.end_ms = min(mine.start_ms, time_ms), max(mine.end_ms, time_ms)
        if time_ms < mine.least_ms - limits.gap_ms:
            return True
        if time_ms < mine.least_ms and time_ms - mine.other_ms <= limits.gap_ms:
            return True
        mine.events += 1
        mine.least_ms = min(mine.least_ms, time_ms)
        greatest_ms = max(greatest_ms, time_ms)
        if _is_long(&mine, limits):
            return True
    return False


cdef inline bint _is_before(const Row *one, const Row *other) noexcept nogil:
    """Whether *one* has the earlier origin."""
    if one.inside != other.inside:
        return one.inside < other.inside
    if one.origin_ms != other.origin_ms:
        return one.origin_ms < other.origin_ms
    return one.origin_tie < other.origin_tie


def placed(rows, Py_ssize_t held_count, events, Py_ssize_t count, order, limits, groups, is_first, origins, ends, openers):
    """Groups of the parties whose events came in order: one for each piece, then one for each new session.

    Args:
        rows: Pieces, by party and time.
        events: Rows of single events, in offset order.
        order: Of the events: by party, in offset order.
        limits: Gap, length and events from which on a party is left to the plain form.
        groups: Gets the group of each piece and event; -1 for those of the parties that are left.
        is_first: Gets whether each event opened its session; zeros before.
        origins: Gets the piece or event that each event's session came from.
        ends: Gets the end of each group, and has room for one of each piece and event.
        openers: Gets the events that open sessions, in the order of their groups.

    Returns:
        Groups of pieces, groups of new sessions, and keys of the parties that are left.
    """
    cdef Party party
    cdef Limits wanted
    cdef Segment mine
    cdef int64_t *group_of = <int64_t *> held(groups, (held_count + count) * 8, True)
    cdef int64_t *origin_of = <int64_t *> held(origins, count * 8, True)
    cdef int64_t *end_of = <int64_t *> held(ends, (held_count + count) * 8, True)
    cdef int64_t *opener_of = <int64_t *> held(openers, count * 8, True)
    cdef uint8_t *first_of = <uint8_t *> held(is_first, count, True)
    cdef Py_ssize_t row = 0, seq = 0, place, kept = 0, fresh = 0
    cdef int64_t event, group, origin, greatest_ms, time_ms
    cdef const Row *origin_row
    cdef uint64_t key
    party.rows = <const Row *> held(rows, held_count * <Py_ssize_t> sizeof(Row), False)
    party.events = <const Row *> held(events, count * <Py_ssize_t> sizeof(Row), False)
    party.order = <const int64_t *> held(order, count * 8, False)
    wanted.gap_ms, wanted.long_ms, wanted.most_events = limits
    for seq in range(count):
        if party.order[seq] < 0 or party.order[seq] >= count:
            raise IndexError(party.order[seq])
    slow, seq = [], 0
    while row < held_count or seq < count:
        key = party.rows[row].key if row < held_count else party.events[party.order[seq]].key
        if seq < count:
            key = min(key, party.events[party.order[seq]].key)
        party.first, party.start = row, seq
        while row < held_count and party.rows[row].key == key:
            row += 1
        while seq < count and party.events[party.order[seq]].key == key:
            seq += 1
        party.end, party.stop = row, seq
        if _is_slow(&party, &wanted):
            slow.append(key)
            for place in range(party.first, party.end):
                group_of[place] = -1
            for place in range(party.start, party.stop):
                group_of[held_count + party.order[place]] = -1
                origin_of[party.order[place]] = held_count + party.order[place]
            continue
        for place in range(party.first, party.end):
            group_of[place], end_of[kept] = kept, party.rows[place].end_ms
            kept += 1
        greatest_ms, group, origin, origin_row = NEVER, 0, 0, NULL
        for place in range(party.start, party.stop):
            event = party.order[place]
            time_ms = party.events[event].start_ms
            if _begins(&mine, &party, place, greatest_ms, &wanted):
                if mine.joins:
                    group, origin, origin_row = kept - 1, party.end - 1, party.rows + party.end - 1
                else:
                    # Numbered behind all pieces, as soon as their number is known.
                    group, origin, origin_row = held_count + fresh, held_count + event, party.events + event
                    opener_of[fresh], end_of[group], first_of[event] = event, time_ms, 1
                    fresh += 1
            greatest_ms = max(greatest_ms, time_ms)
            end_of[group] = max(end_of[group], time_ms)
            group_of[held_count + event] = group
            if _is_before(party.events + event, origin_row):
                origin, origin_row = held_count + event, party.events + event
            origin_of[event] = origin
    memmove(end_of + kept, end_of + held_count, fresh * 8)
    for place in range(held_count, held_count + count):
        if group_of[place] >= held_count:
            group_of[place] -= held_count - kept
    return kept, fresh, slow


def alone(Py_ssize_t count, keys, ties, times, inside, bot, kinds, has_path, list parties, rows):
    """A piece of each event alone.

    Args:
        count: Of events.
        keys, ties, times, inside, bot: Numbers of 64 bits.
        kinds: Bits of :mod:`dkd.enrich.kinds`.
        has_path: Whether each event's page has a path.
        parties: Each a text.
        rows: Gets the pieces.
    """
    cdef const uint64_t *key = <const uint64_t *> held(keys, count * 8, False)
    cdef const uint64_t *tie = <const uint64_t *> held(ties, count * 8, False)
    cdef const int64_t *time = <const int64_t *> held(times, count * 8, False)
    cdef const int64_t *is_inside = <const int64_t *> held(inside, count * 8, False)
    cdef const int64_t *bits = <const int64_t *> held(bot, count * 8, False)
    cdef const uint8_t *kind = <const uint8_t *> held(kinds, count, False)
    cdef const uint8_t *path = <const uint8_t *> held(has_path, count, False)
    cdef Row *row = <Row *> held(rows, count * <Py_ssize_t> sizeof(Row), True)
    cdef Py_ssize_t seq
    if len(parties) < count:
        raise ValueError(f"{len(parties)} parties of {count} events")
    memset(row, 0, count * sizeof(Row))
    for seq in range(count):
        row[seq].key, row[seq].first_tie, row[seq].origin_tie = key[seq], tie[seq], tie[seq]
        row[seq].start_ms = row[seq].end_ms = row[seq].origin_ms = time[seq]
        row[seq].events, row[seq].inside, row[seq].bot = 1, <uint8_t> is_inside[seq], <uint16_t> bits[seq]
        row[seq].pageviews, row[seq].clicks = kind[seq] & 1, kind[seq] >> 1 & 1
        row[seq].heartbeats, row[seq].party_bytes = kind[seq] >> 3 & 1, <uint32_t> len(<bytes?> parties[seq])
        if kind[seq] & 1 and path[seq]:
            row[seq].pages, row[seq].last_page_ms, row[seq].last_page_tie = 1, time[seq], tie[seq]


cdef inline void _add(Row *whole, const Row *part) noexcept nogil:
    whole.units += part.units
    whole.micros += part.micros
    whole.events += part.events
    whole.pageviews += part.pageviews
    whole.clicks += part.clicks
    whole.heartbeats += part.heartbeats
    whole.conversions += part.conversions
    whole.pages += part.pages
    whole.bot |= part.bot
    whole.end_ms = max(whole.end_ms, part.end_ms)


cdef inline bint _follows(Row *whole, const Row *part) noexcept nogil:
    """Whether the page of the event *part* is newer than those of *whole*, which has it as its last one then."""
    cdef bint found
    if not part.pages:
        return True
    if whole.pages == 0:
        found = True
    elif part.last_page_ms != whole.last_page_ms:
        found = part.last_page_ms > whole.last_page_ms
    else:
        found = part.last_page_tie > whole.last_page_tie
    whole.last_page_ms, whole.last_page_tie = part.last_page_ms, part.last_page_tie
    return found


def folded(rows, Py_ssize_t held_count, events, Py_ssize_t count, groups, Py_ssize_t group_count, ids, linked,
           uint32_t most_pages, found, first, origins, kinds):
    """One piece of each group, without its texts.

    Args:
        rows: Pieces.
        events: Rows of single events, in offset order.
        groups: Of each piece and event, without holes.
        ids: Of each group's session.
        linked: Whether each group goes on with the session of the piece before it.
        most_pages: A session with more of them is left to the plain form.
        found: Gets the rows; of groups that are left to the plain form they mean nothing.
        first: Gets the first piece or event of each group.
        origins: Gets which piece or event each group's session came from.
        kinds: Gets the kind of each group; :data:`OTHER` stays.
    """
    cdef const Row *old = <const Row *> held(rows, held_count * <Py_ssize_t> sizeof(Row), False)
    cdef const Row *new = <const Row *> held(events, count * <Py_ssize_t> sizeof(Row), False)
    cdef const int64_t *group_of = <const int64_t *> held(groups, (held_count + count) * 8, False)
    cdef const uint64_t *id_of = <const uint64_t *> held(ids, group_count * 16, False)
    cdef const uint8_t *linked_of = <const uint8_t *> held(linked, group_count, False)
    cdef Row *whole = <Row *> held(found, group_count * <Py_ssize_t> sizeof(Row), True)
    cdef int64_t *first_of = <int64_t *> held(first, group_count * 8, True)
    cdef int64_t *origin_of = <int64_t *> held(origins, group_count * 8, True)
    cdef uint8_t *kind_of = <uint8_t *> held(kinds, group_count, True)
    cdef Py_ssize_t place
    cdef int64_t group
    cdef const Row *part
    cdef Row *mine
    for group in range(group_count):
        first_of[group] = -1
    for place in range(held_count + count):
        part, group = old + place if place < held_count else new + (place - held_count), group_of[place]
        if group < 0 or group >= group_count:
            raise IndexError(group)
        mine = whole + group
        if first_of[group] < 0:
            mine[0] = part[0]
            first_of[group] = origin_of[group] = place
            if kind_of[group] != IS_OTHER and place < held_count:
                kind_of[group] = IS_OTHER if part.merged_bytes else IS_EXTENDED
            continue
        if place < held_count or not _follows(mine, part):
            kind_of[group] = IS_OTHER
        _add(mine, part)
        if part.start_ms < mine.start_ms or part.start_ms == mine.start_ms and part.first_tie < mine.first_tie:
            # A piece that another event begins, or leads to the site, needs other texts.
            kind_of[group] = IS_FRESH if kind_of[group] == IS_FRESH else IS_OTHER
            first_of[group] = place
            mine.start_ms, mine.first_tie, mine.mark = part.start_ms, part.first_tie, part.mark
        if _is_before(part, mine):
            kind_of[group] = IS_FRESH if kind_of[group] == IS_FRESH else IS_OTHER
            origin_of[group] = place
            mine.inside, mine.origin_ms, mine.origin_tie = part.inside, part.origin_ms, part.origin_tie
            mine.campaign = part.campaign
    for group in range(group_count):
        mine = whole + group
        if first_of[group] < 0:
            raise ValueError(f"group {group} has no members")
        mine.id[0], mine.id[1], mine.linked = id_of[2 * group], id_of[2 * group + 1], linked_of[group]
        if mine.pages > most_pages:
            kind_of[group] = IS_OTHER


cdef inline Py_ssize_t _page_bytes(page) except -1:
    """What the entry of a page takes."""
    if not PyBytes_Check(page) or PyBytes_GET_SIZE(page) > 0xFFFF:
        raise ValueError("no path of a page")
    return PAGE_BYTES + PyBytes_GET_SIZE(page)


cdef inline void _write_page(char *written, const Row *event, page) noexcept:
    cdef uint16_t length = <uint16_t> PyBytes_GET_SIZE(page)
    memcpy(written, &event.start_ms, 8)
    memcpy(written + 8, &event.first_tie, 8)
    memcpy(written + 16, &length, 2)
    memcpy(written + PAGE_BYTES, PyBytes_AS_STRING(page), length)


def written(list heads, kinds, groups, events, Py_ssize_t count, paged, list pages, found):
    """The blobs of groups: of each its head, and the entries of its new pages.

    Args:
        heads: What each group's blob begins with; not asked for of groups that are left to the plain form.
        kinds: Of :func:`folded`.
        groups: Of each of *count* events.
        events: Rows of these.
        paged: Events that are a page, in offset order.
        pages: Their paths.
        found: Rows of the groups; get the lengths of their pages.

    Returns:
        A blob for each group; empty for one that is left to the plain form.
    """
    cdef Py_ssize_t group_count = len(heads), page_count = len(pages), seq, more
    cdef const uint8_t *kind_of = <const uint8_t *> held(kinds, group_count, False)
    cdef const int64_t *group_of = <const int64_t *> held(groups, count * 8, False)
    cdef const Row *new = <const Row *> held(events, count * <Py_ssize_t> sizeof(Row), False)
    cdef const int64_t *page_of = <const int64_t *> held(paged, page_count * 8, False)
    cdef Row *whole = <Row *> held(found, group_count * <Py_ssize_t> sizeof(Row), True)
    cdef Py_ssize_t *wanted = <Py_ssize_t *> calloc(group_count + 1, sizeof(Py_ssize_t))
    cdef char **reached = <char **> calloc(group_count + 1, sizeof(char *))
    cdef int64_t group
    cdef bytes head, text
    try:
        if wanted == NULL or reached == NULL:
            raise MemoryError
        for seq in range(page_count):
            if page_of[seq] < 0 or page_of[seq] >= count:
                raise IndexError(page_of[seq])
            group = group_of[page_of[seq]]
            if group < 0 or group >= group_count:
                raise IndexError(group)
            if kind_of[group] != IS_OTHER:
                wanted[group] += _page_bytes(pages[seq])
        blobs = []
        for group in range(group_count):
            if kind_of[group] == IS_OTHER:
                blobs.append(b"")
                continue
            head, more = <bytes?> heads[group], wanted[group]
            whole[group].pages_bytes += <uint32_t> more
            if not more:
                blobs.append(head)
                continue
            text = PyBytes_FromStringAndSize(NULL, PyBytes_GET_SIZE(head) + more)
            reached[group] = PyBytes_AS_STRING(text)
            memcpy(reached[group], PyBytes_AS_STRING(head), PyBytes_GET_SIZE(head))
            reached[group] += PyBytes_GET_SIZE(head)
            blobs.append(text)
        for seq in range(page_count):
            group = group_of[page_of[seq]]
            if kind_of[group] != IS_OTHER:
                _write_page(reached[group], new + page_of[seq], pages[seq])
                reached[group] += _page_bytes(pages[seq])
        return blobs
    finally:
        free(wanted)
        free(reached)
