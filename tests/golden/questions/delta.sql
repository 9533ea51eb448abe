-- ranking
-- purchase
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- Google
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- Google
-- purchase
-- 2026-10-17 22:00:00+00:00
-- 2026-10-18 23:00:00+00:00
-- Google
-- 2026-10-17 22:00:00+00:00
-- 2026-10-18 23:00:00+00:00
-- Google
-- DE
-- NL
-- EU
-- UK
-- it's?
-- rest
-- Chrome
-- Google
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- Google
-- 2026-10-17 22:00:00+00:00
-- 2026-10-18 23:00:00+00:00
-- Google
-- purchase
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- Google
-- 1
SELECT "region", (COALESCE(SUM("revenue") FILTER (WHERE "event" = ? AND "__time" >= ? AND "__time" < ? AND ("maker" IN (?))), 0) * 1.0 / NULLIF(APPROX_COUNT_DISTINCT_DS_THETA("party_id", 16384) FILTER (WHERE "__time" >= ? AND "__time" < ? AND ("maker" IN (?))), 0)) - (COALESCE(SUM("revenue") FILTER (WHERE "event" = ? AND "__time" >= ? AND "__time" < ? AND ("maker" IN (?))), 0) * 1.0 / NULLIF(APPROX_COUNT_DISTINCT_DS_THETA("party_id", 16384) FILTER (WHERE "__time" >= ? AND "__time" < ? AND ("maker" IN (?))), 0)) AS "rank"
FROM (
  SELECT "__time", "is_bot", "event", "revenue", "party_id",
    CASE WHEN ("country" IN (?, ?)) THEN ? WHEN ("country" IN (?) OR "country" IS NULL) THEN ? WHEN "country" IS NOT NULL THEN ? END AS "region",
    CASE WHEN ("browser" IN (?)) THEN ? ELSE "browser" END AS "maker"
  FROM "shop_events"
)
WHERE (("__time" >= ? AND "__time" < ? AND ("maker" IN (?)))
  OR ("__time" >= ? AND "__time" < ? AND ("maker" IN (?))))
  AND "is_bot" IS DISTINCT FROM 1
GROUP BY 1
HAVING COUNT(*) FILTER (WHERE "event" = ? AND "__time" >= ? AND "__time" < ? AND ("maker" IN (?))) >= ?
ORDER BY 2 ASC, 1
LIMIT 4

-- totals
-- purchase
-- Chrome
-- Google
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- Google
SELECT
  COALESCE(SUM("revenue") FILTER (WHERE "event" = ?), 0) AS "revenue",
  THETA_SKETCH_ESTIMATE_WITH_ERROR_BOUNDS(DS_THETA("party_id", 16384), 3) AS "visitors"
FROM (
  SELECT "__time", "is_bot", "event", "revenue", "party_id",
    CASE WHEN ("browser" IN (?)) THEN ? ELSE "browser" END AS "maker"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
  AND ("maker" IN (?))

-- rows
-- EU
-- EU
-- purchase
-- DE
-- NL
-- EU
-- UK
-- it's?
-- rest
-- Chrome
-- Google
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- Google
SELECT
  CASE WHEN ("region" IN (?)) THEN "region" END AS "region",
  CASE WHEN ("region" IN (?)) THEN 0 ELSE 1 END AS "region.others",
  COALESCE(SUM("revenue") FILTER (WHERE "event" = ?), 0) AS "revenue",
  THETA_SKETCH_ESTIMATE_WITH_ERROR_BOUNDS(DS_THETA("party_id", 16384), 3) AS "visitors"
FROM (
  SELECT "__time", "is_bot", "event", "revenue", "party_id",
    CASE WHEN ("country" IN (?, ?)) THEN ? WHEN ("country" IN (?) OR "country" IS NULL) THEN ? WHEN "country" IS NOT NULL THEN ? END AS "region",
    CASE WHEN ("browser" IN (?)) THEN ? ELSE "browser" END AS "maker"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
  AND ("maker" IN (?))
GROUP BY 1, 2

-- totals of what is compared
-- purchase
-- Chrome
-- Google
-- 2026-10-17 22:00:00+00:00
-- 2026-10-18 23:00:00+00:00
-- Google
SELECT
  COALESCE(SUM("revenue") FILTER (WHERE "event" = ?), 0) AS "revenue",
  THETA_SKETCH_ESTIMATE_WITH_ERROR_BOUNDS(DS_THETA("party_id", 16384), 3) AS "visitors"
FROM (
  SELECT "__time", "is_bot", "event", "revenue", "party_id",
    CASE WHEN ("browser" IN (?)) THEN ? ELSE "browser" END AS "maker"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
  AND ("maker" IN (?))

-- rows of what is compared
-- EU
-- EU
-- purchase
-- DE
-- NL
-- EU
-- UK
-- it's?
-- rest
-- Chrome
-- Google
-- 2026-10-17 22:00:00+00:00
-- 2026-10-18 23:00:00+00:00
-- Google
SELECT
  CASE WHEN ("region" IN (?)) THEN "region" END AS "region",
  CASE WHEN ("region" IN (?)) THEN 0 ELSE 1 END AS "region.others",
  COALESCE(SUM("revenue") FILTER (WHERE "event" = ?), 0) AS "revenue",
  THETA_SKETCH_ESTIMATE_WITH_ERROR_BOUNDS(DS_THETA("party_id", 16384), 3) AS "visitors"
FROM (
  SELECT "__time", "is_bot", "event", "revenue", "party_id",
    CASE WHEN ("country" IN (?, ?)) THEN ? WHEN ("country" IN (?) OR "country" IS NULL) THEN ? WHEN "country" IS NOT NULL THEN ? END AS "region",
    CASE WHEN ("browser" IN (?)) THEN ? ELSE "browser" END AS "maker"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
  AND ("maker" IN (?))
GROUP BY 1, 2

-- bots
-- Chrome
-- Google
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- Google
SELECT COUNT(*) AS "bots"
FROM (
  SELECT "__time", "is_bot",
    CASE WHEN ("browser" IN (?)) THEN ? ELSE "browser" END AS "maker"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND ("maker" IN (?))
  AND "is_bot" = 1
