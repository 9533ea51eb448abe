-- ranking
-- purchase
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT "channel", COUNT(*) FILTER (WHERE "event" = ?) AS "rank"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT 2

-- totals
-- purchase
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  COUNT(*) FILTER (WHERE "event" = ?) AS "orders"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1

-- rows
-- P1W
-- UTC
-- UTC
-- Direct
-- Direct
-- purchase
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  TIME_FLOOR(TIME_FLOOR("__time", ?, NULL, ?), 'P1D', NULL, ?) AS "time",
  CASE WHEN ("channel" IN (?)) THEN "channel" END AS "channel",
  CASE WHEN ("channel" IN (?)) THEN 0 ELSE 1 END AS "channel.others",
  COUNT(*) FILTER (WHERE "event" = ?) AS "orders"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
GROUP BY 1, 2, 3
LIMIT 20001

-- totals
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  COUNT(*) AS "sessions"
FROM "shop_sessions"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1

-- rows
-- P1W
-- UTC
-- UTC
-- Direct
-- Direct
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  TIME_FLOOR(TIME_FLOOR("__time", ?, NULL, ?), 'P1D', NULL, ?) AS "time",
  CASE WHEN ("channel" IN (?)) THEN "channel" END AS "channel",
  CASE WHEN ("channel" IN (?)) THEN 0 ELSE 1 END AS "channel.others",
  COUNT(*) AS "sessions"
FROM "shop_sessions"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
GROUP BY 1, 2, 3
LIMIT 20001

-- bots
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT COUNT(*) AS "bots"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" = 1
