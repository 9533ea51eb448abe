# cython: boundscheck=False, wraparound=False, cdivision=True
"""Numbers by hash: keys of 64 bits are numbered in the order in which they come first; dict does the same, slower."""

from cpython.mem cimport PyMem_Calloc, PyMem_Free
from libc.stdint cimport int64_t, uint32_t, uint64_t

from dkd.kernel.memory cimport held

cdef struct Slot:
    uint64_t key
    uint32_t number  # counted from 1; 0 where the slot is empty


cdef class Index:
    """Keys and their numbers. Keys are hashes, by a seed that nobody outside knows: their low bits say where they lie."""

    cdef Slot *_slots
    cdef uint64_t _mask
    cdef Py_ssize_t _count

    def __cinit__(self):
        self._mask, self._count = 1023, 0
        self._slots = <Slot *> PyMem_Calloc(self._mask + 1, sizeof(Slot))
        if self._slots == NULL:
            raise MemoryError

    def __dealloc__(self):
        PyMem_Free(self._slots)

    def __len__(self):
        return self._count

    def number(self, keys, numbers, firsts):
        """Number *keys*, also those that are new.

        Args:
            keys: 64 bits each.
            numbers: Room for 64 bits for each key: its number, from 0 on.
            firsts: Room for as much: where new keys stand in *keys*, by number.

        Returns:
            How many keys are new.
        """
        cdef Py_ssize_t count = len(keys), place, before = self._count
        cdef const uint64_t *key = <const uint64_t *> held(keys, 8 * count, False)
        cdef int64_t *number = <int64_t *> held(numbers, 8 * count, True)
        cdef int64_t *first = <int64_t *> held(firsts, 8 * count, True)
        cdef Slot *slot
        self._make_room(count)
        for place in range(count):
            slot = self._slot(key[place])
            if not slot.number:
                first[self._count - before] = place
                self._count += 1
                slot.key, slot.number = key[place], <uint32_t> self._count
            number[place] = slot.number - 1
        return self._count - before

    cdef inline Slot *_slot(self, uint64_t key) noexcept nogil:
        """Where *key* lies, or would lie."""
        cdef uint64_t place = key & self._mask
        while self._slots[place].number and self._slots[place].key != key:
            place = (place + 1) & self._mask
        return &self._slots[place]

    cdef int _make_room(self, Py_ssize_t more) except -1:
        """At least half of the slots stay empty."""
        cdef uint64_t wanted = self._mask, place, old = self._mask
        cdef Slot *slots = self._slots
        if self._count + more > 1 << 31:
            raise OverflowError("too many keys")
        while 2 * (self._count + more) > <int64_t> wanted:
            wanted = 2 * wanted + 1
        if wanted == old:
            return 0
        cdef Slot *found = <Slot *> PyMem_Calloc(wanted + 1, sizeof(Slot))
        if found == NULL:
            raise MemoryError
        self._slots, self._mask = found, wanted
        for place in range(old + 1):
            if slots[place].number:
                self._slot(slots[place].key)[0] = slots[place]
        PyMem_Free(slots)
        return 0
