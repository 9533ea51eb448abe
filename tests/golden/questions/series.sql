-- totals
-- purchase
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  THETA_SKETCH_ESTIMATE_WITH_ERROR_BOUNDS(DS_THETA("party_id", 16384), 3) AS "visitors",
  COALESCE(SUM("revenue") FILTER (WHERE "event" = ?), 0) AS "revenue"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1

-- rows
-- PT1H
-- Europe/Amsterdam
-- purchase
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  TIME_FLOOR("__time", ?, NULL, ?) AS "time",
  THETA_SKETCH_ESTIMATE_WITH_ERROR_BOUNDS(DS_THETA("party_id", 16384), 3) AS "visitors",
  COALESCE(SUM("revenue") FILTER (WHERE "event" = ?), 0) AS "revenue"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
GROUP BY 1
LIMIT 20001

-- bots
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT COUNT(*) AS "bots"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" = 1
