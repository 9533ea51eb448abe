-- totals
-- page_view
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  COUNT(*) FILTER (WHERE "event" = ?) AS "pageviews"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1

-- rows
-- 2026-10-25 00:00:00+00:00
-- 2026-10-25 01:00:00+00:00
-- 2026-10-25 01:00:00+00:00
-- P1D
-- Atlantic/Azores
-- page_view
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  TIME_FLOOR(CASE WHEN "__time" >= ? AND "__time" < ? THEN ? ELSE "__time" END, ?, NULL, ?) AS "time",
  COUNT(*) FILTER (WHERE "event" = ?) AS "pageviews"
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
