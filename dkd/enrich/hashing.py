"""Texts become hashes of 64 bits, the same on every machine: keys of parties, events and pages."""

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from dkd import kernel
from dkd.enrich.held import held


def hashed(*columns: pl.Series) -> NDArray[np.uint64]:
    """xxh3 of each row's texts, with NUL between them; 0 where one is null."""
    if kernel.IS_COMPILED:
        from dkd.kernel import hashes

        found = np.empty(len(columns[0]), np.uint64)
        hashes.hashed(list(map(held, columns)), len(found), xxhash.xxh3_64_intdigest, found)
        return found
    joined = pl.concat_str(columns, separator="\0").cast(pl.Binary)
    texts = pl.select(joined).to_series().to_list()
    digest = xxhash.xxh3_64_intdigest
    return np.fromiter((0 if text is None else digest(text) for text in texts), np.uint64, len(texts))
