-- ranking
-- page_view
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT "country", COUNT(*) FILTER (WHERE "event" = ?) AS "rank"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT 6

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
-- P1D
-- Europe/Amsterdam
-- page_view
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  TIME_FLOOR("__time", ?, NULL, ?) AS "time",
  "country" AS "country",
  0 AS "country.others",
  COUNT(*) FILTER (WHERE "event" = ?) AS "pageviews"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
GROUP BY 1, 2, 3
LIMIT 20001

-- totals of what is compared
-- page_view
-- 2026-10-23 22:00:00+00:00
-- 2026-10-24 22:00:00+00:00
SELECT
  COUNT(*) FILTER (WHERE "event" = ?) AS "pageviews"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1

-- rows of what is compared
-- P1D
-- Europe/Amsterdam
-- NL
-- NL
-- page_view
-- 2026-10-23 22:00:00+00:00
-- 2026-10-24 22:00:00+00:00
SELECT
  TIME_FLOOR("__time", ?, NULL, ?) AS "time",
  CASE WHEN ("country" IN (?)) THEN "country" END AS "country",
  CASE WHEN ("country" IN (?)) THEN 0 ELSE 1 END AS "country.others",
  COUNT(*) FILTER (WHERE "event" = ?) AS "pageviews"
FROM "shop_events"
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
