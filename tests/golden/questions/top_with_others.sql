-- ranking
-- purchase
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT "country", COALESCE(SUM("revenue") FILTER (WHERE "event" = ?), 0) AS "rank"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT 3

-- totals
-- purchase
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  COALESCE(SUM("revenue") FILTER (WHERE "event" = ?), 0) AS "revenue"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1

-- rows
-- NL
-- NL
-- purchase
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  CASE WHEN ("country" IN (?) OR "country" IS NULL) THEN "country" END AS "country",
  CASE WHEN ("country" IN (?) OR "country" IS NULL) THEN 0 ELSE 1 END AS "country.others",
  COALESCE(SUM("revenue") FILTER (WHERE "event" = ?), 0) AS "revenue"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
GROUP BY 1, 2

-- bots
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT COUNT(*) AS "bots"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" = 1
