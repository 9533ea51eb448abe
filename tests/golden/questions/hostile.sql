-- totals
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- ' OR 1=1 --
-- ?
SELECT
  THETA_SKETCH_ESTIMATE_WITH_ERROR_BOUNDS(DS_THETA("party_id", 16384), 3) AS "visitors"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
  AND ("country" IN (?, ?))

-- bots
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- ' OR 1=1 --
-- ?
SELECT COUNT(*) AS "bots"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND ("country" IN (?, ?))
  AND "is_bot" = 1
