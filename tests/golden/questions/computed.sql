-- ranking
-- DE
-- NL
-- EU
-- UK
-- it's?
-- rest
-- ^/(shop|product)/([^/?]+)
-- 2
-- Chrome
-- Google
-- Europe/Amsterdam
-- Europe/Amsterdam
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- a'b
-- Google
-- Sunday
-- 3
-- x
SELECT "region", APPROX_COUNT_DISTINCT_DS_THETA("party_id", 16384) AS "rank"
FROM (
  SELECT "__time", "is_bot", "party_id",
    CASE WHEN ("country" IN (?, ?)) THEN ? WHEN ("country" IN (?) OR "country" IS NULL) THEN ? WHEN "country" IS NOT NULL THEN ? END AS "region",
    REGEXP_EXTRACT("page_path", ?, ?) AS "product",
    CASE WHEN ("browser" IN (?)) THEN ? ELSE "browser" END AS "maker",
    CASE TIME_EXTRACT("__time", 'DOW', ?) WHEN 1 THEN 'Monday' WHEN 2 THEN 'Tuesday' WHEN 3 THEN 'Wednesday' WHEN 4 THEN 'Thursday' WHEN 5 THEN 'Friday' WHEN 6 THEN 'Saturday' WHEN 7 THEN 'Sunday' END AS "weekday",
    TIME_EXTRACT(MILLIS_TO_TIMESTAMP("received_ms"), 'DAY', ?) AS "day_received",
    COALESCE("utm_source", "referrer_source") AS "source"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
  AND ("product" IN (?))
  AND (("maker" IN (?)) IS NOT TRUE)
  AND ("weekday" IN (?))
  AND ("day_received" IN (?))
  AND ("source" IN (?))
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT 2

-- totals
-- ^/(shop|product)/([^/?]+)
-- 2
-- Chrome
-- Google
-- Europe/Amsterdam
-- Europe/Amsterdam
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- a'b
-- Google
-- Sunday
-- 3
-- x
SELECT
  THETA_SKETCH_ESTIMATE_WITH_ERROR_BOUNDS(DS_THETA("party_id", 16384), 3) AS "visitors"
FROM (
  SELECT "__time", "is_bot", "party_id",
    REGEXP_EXTRACT("page_path", ?, ?) AS "product",
    CASE WHEN ("browser" IN (?)) THEN ? ELSE "browser" END AS "maker",
    CASE TIME_EXTRACT("__time", 'DOW', ?) WHEN 1 THEN 'Monday' WHEN 2 THEN 'Tuesday' WHEN 3 THEN 'Wednesday' WHEN 4 THEN 'Thursday' WHEN 5 THEN 'Friday' WHEN 6 THEN 'Saturday' WHEN 7 THEN 'Sunday' END AS "weekday",
    TIME_EXTRACT(MILLIS_TO_TIMESTAMP("received_ms"), 'DAY', ?) AS "day_received",
    COALESCE("utm_source", "referrer_source") AS "source"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
  AND ("product" IN (?))
  AND (("maker" IN (?)) IS NOT TRUE)
  AND ("weekday" IN (?))
  AND ("day_received" IN (?))
  AND ("source" IN (?))

-- rows
-- DE
-- NL
-- EU
-- UK
-- it's?
-- rest
-- ^/(shop|product)/([^/?]+)
-- 2
-- Chrome
-- Google
-- Europe/Amsterdam
-- Europe/Amsterdam
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- a'b
-- Google
-- Sunday
-- 3
-- x
SELECT
  "region" AS "region",
  0 AS "region.others",
  THETA_SKETCH_ESTIMATE_WITH_ERROR_BOUNDS(DS_THETA("party_id", 16384), 3) AS "visitors"
FROM (
  SELECT "__time", "is_bot", "party_id",
    CASE WHEN ("country" IN (?, ?)) THEN ? WHEN ("country" IN (?) OR "country" IS NULL) THEN ? WHEN "country" IS NOT NULL THEN ? END AS "region",
    REGEXP_EXTRACT("page_path", ?, ?) AS "product",
    CASE WHEN ("browser" IN (?)) THEN ? ELSE "browser" END AS "maker",
    CASE TIME_EXTRACT("__time", 'DOW', ?) WHEN 1 THEN 'Monday' WHEN 2 THEN 'Tuesday' WHEN 3 THEN 'Wednesday' WHEN 4 THEN 'Thursday' WHEN 5 THEN 'Friday' WHEN 6 THEN 'Saturday' WHEN 7 THEN 'Sunday' END AS "weekday",
    TIME_EXTRACT(MILLIS_TO_TIMESTAMP("received_ms"), 'DAY', ?) AS "day_received",
    COALESCE("utm_source", "referrer_source") AS "source"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
  AND ("product" IN (?))
  AND (("maker" IN (?)) IS NOT TRUE)
  AND ("weekday" IN (?))
  AND ("day_received" IN (?))
  AND ("source" IN (?))
GROUP BY 1, 2

-- bots
-- ^/(shop|product)/([^/?]+)
-- 2
-- Chrome
-- Google
-- Europe/Amsterdam
-- Europe/Amsterdam
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- a'b
-- Google
-- Sunday
-- 3
-- x
SELECT COUNT(*) AS "bots"
FROM (
  SELECT "__time", "is_bot",
    REGEXP_EXTRACT("page_path", ?, ?) AS "product",
    CASE WHEN ("browser" IN (?)) THEN ? ELSE "browser" END AS "maker",
    CASE TIME_EXTRACT("__time", 'DOW', ?) WHEN 1 THEN 'Monday' WHEN 2 THEN 'Tuesday' WHEN 3 THEN 'Wednesday' WHEN 4 THEN 'Thursday' WHEN 5 THEN 'Friday' WHEN 6 THEN 'Saturday' WHEN 7 THEN 'Sunday' END AS "weekday",
    TIME_EXTRACT(MILLIS_TO_TIMESTAMP("received_ms"), 'DAY', ?) AS "day_received",
    COALESCE("utm_source", "referrer_source") AS "source"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND ("product" IN (?))
  AND (("maker" IN (?)) IS NOT TRUE)
  AND ("weekday" IN (?))
  AND ("day_received" IN (?))
  AND ("source" IN (?))
  AND "is_bot" = 1
