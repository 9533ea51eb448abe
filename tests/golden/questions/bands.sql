-- ranking
-- 1
-- 10.5
-- NL
-- below 10
-- 10
-- below 10
-- 49.5
-- 10 to below 49.5
-- 49.5
-- 49.5 or more
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- below 10
SELECT "size", COUNT(*) FILTER (WHERE "revenue" >= ? AND "revenue" < ? AND (("country" IN (?) OR "country" IS NULL) IS NOT TRUE) AND (("size" IN (?)) IS NOT TRUE)) AS "rank"
FROM (
  SELECT "__time", "is_bot", "country", "revenue",
    CASE WHEN "revenue" < ? THEN ? WHEN "revenue" < ? THEN ? WHEN "revenue" >= ? THEN ? END AS "size"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
  AND ("size" IN (?) OR "size" IS NULL)
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT 3

-- totals
-- 1
-- 10.5
-- NL
-- below 10
-- 10
-- below 10
-- 49.5
-- 10 to below 49.5
-- 49.5
-- 49.5 or more
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- below 10
SELECT
  COUNT(*) FILTER (WHERE "revenue" >= ? AND "revenue" < ? AND (("country" IN (?) OR "country" IS NULL) IS NOT TRUE) AND (("size" IN (?)) IS NOT TRUE)) AS "small"
FROM (
  SELECT "__time", "is_bot", "country", "revenue",
    CASE WHEN "revenue" < ? THEN ? WHEN "revenue" < ? THEN ? WHEN "revenue" >= ? THEN ? END AS "size"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
  AND ("size" IN (?) OR "size" IS NULL)

-- rows
-- below 10
-- below 10
-- 1
-- 10.5
-- NL
-- below 10
-- 10
-- below 10
-- 49.5
-- 10 to below 49.5
-- 49.5
-- 49.5 or more
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- below 10
SELECT
  CASE WHEN ("size" IN (?)) THEN "size" END AS "size",
  CASE WHEN ("size" IN (?)) THEN 0 ELSE 1 END AS "size.others",
  COUNT(*) FILTER (WHERE "revenue" >= ? AND "revenue" < ? AND (("country" IN (?) OR "country" IS NULL) IS NOT TRUE) AND (("size" IN (?)) IS NOT TRUE)) AS "small"
FROM (
  SELECT "__time", "is_bot", "country", "revenue",
    CASE WHEN "revenue" < ? THEN ? WHEN "revenue" < ? THEN ? WHEN "revenue" >= ? THEN ? END AS "size"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
  AND ("size" IN (?) OR "size" IS NULL)
GROUP BY 1, 2

-- bots
-- 10
-- below 10
-- 49.5
-- 10 to below 49.5
-- 49.5
-- 49.5 or more
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- below 10
SELECT COUNT(*) AS "bots"
FROM (
  SELECT "__time", "is_bot",
    CASE WHEN "revenue" < ? THEN ? WHEN "revenue" < ? THEN ? WHEN "revenue" >= ? THEN ? END AS "size"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND ("size" IN (?) OR "size" IS NULL)
  AND "is_bot" = 1
