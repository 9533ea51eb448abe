-- ranking
-- 10.0
-- 1.0
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT CAST(FLOOR(CAST("revenue" AS DOUBLE) * ? / ? + 1e-9) AS BIGINT) AS "revenue", APPROX_COUNT_DISTINCT_DS_THETA("party_id", 16384) AS "rank"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT 3

-- ranking
-- DE
-- NL
-- EU
-- UK
-- it's?
-- rest
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT "region", APPROX_COUNT_DISTINCT_DS_THETA("party_id", 16384) AS "rank"
FROM (
  SELECT "__time", "is_bot", "party_id",
    CASE WHEN ("country" IN (?, ?)) THEN ? WHEN ("country" IN (?) OR "country" IS NULL) THEN ? WHEN "country" IS NOT NULL THEN ? END AS "region"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT 3

-- ranking
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT "city", APPROX_COUNT_DISTINCT_DS_THETA("party_id", 16384) AS "rank"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT 2

-- totals
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  THETA_SKETCH_ESTIMATE_WITH_ERROR_BOUNDS(DS_THETA("party_id", 16384), 3) AS "visitors"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1

-- subtotals
-- 10.0
-- 1.0
-- 3
-- 10.0
-- 1.0
-- 10.0
-- 1.0
-- 3
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  CASE WHEN (CAST(FLOOR(CAST("revenue" AS DOUBLE) * ? / ? + 1e-9) AS BIGINT) IN (?) OR "revenue" IS NULL) THEN CAST(FLOOR(CAST("revenue" AS DOUBLE) * ? / ? + 1e-9) AS BIGINT) END AS "revenue",
  CASE WHEN (CAST(FLOOR(CAST("revenue" AS DOUBLE) * ? / ? + 1e-9) AS BIGINT) IN (?) OR "revenue" IS NULL) THEN 0 ELSE 1 END AS "revenue.others",
  THETA_SKETCH_ESTIMATE_WITH_ERROR_BOUNDS(DS_THETA("party_id", 16384), 3) AS "visitors"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
GROUP BY 1, 2

-- subtotals
-- 10.0
-- 1.0
-- 3
-- 10.0
-- 1.0
-- 10.0
-- 1.0
-- 3
-- 10.0
-- 1.0
-- 3
-- EU
-- 10.0
-- 1.0
-- 3
-- EU
-- DE
-- NL
-- EU
-- UK
-- it's?
-- rest
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  CASE WHEN (CAST(FLOOR(CAST("revenue" AS DOUBLE) * ? / ? + 1e-9) AS BIGINT) IN (?) OR "revenue" IS NULL) THEN CAST(FLOOR(CAST("revenue" AS DOUBLE) * ? / ? + 1e-9) AS BIGINT) END AS "revenue",
  CASE WHEN (CAST(FLOOR(CAST("revenue" AS DOUBLE) * ? / ? + 1e-9) AS BIGINT) IN (?) OR "revenue" IS NULL) THEN 0 ELSE 1 END AS "revenue.others",
  CASE WHEN ((CAST(FLOOR(CAST("revenue" AS DOUBLE) * ? / ? + 1e-9) AS BIGINT) IN (?)) AND ("region" IN (?))) THEN "region" END AS "region",
  CASE WHEN ((CAST(FLOOR(CAST("revenue" AS DOUBLE) * ? / ? + 1e-9) AS BIGINT) IN (?)) AND ("region" IN (?))) THEN 0 ELSE 1 END AS "region.others",
  THETA_SKETCH_ESTIMATE_WITH_ERROR_BOUNDS(DS_THETA("party_id", 16384), 3) AS "visitors"
FROM (
  SELECT "__time", "is_bot", "revenue", "party_id",
    CASE WHEN ("country" IN (?, ?)) THEN ? WHEN ("country" IN (?) OR "country" IS NULL) THEN ? WHEN "country" IS NOT NULL THEN ? END AS "region"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
GROUP BY 1, 2, 3, 4

-- rows
-- 10.0
-- 1.0
-- 3
-- 10.0
-- 1.0
-- 10.0
-- 1.0
-- 3
-- 10.0
-- 1.0
-- 3
-- EU
-- 10.0
-- 1.0
-- 3
-- EU
-- 10.0
-- 1.0
-- 3
-- EU
-- Utrecht
-- 10.0
-- 1.0
-- 3
-- EU
-- Utrecht
-- DE
-- NL
-- EU
-- UK
-- it's?
-- rest
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  CASE WHEN (CAST(FLOOR(CAST("revenue" AS DOUBLE) * ? / ? + 1e-9) AS BIGINT) IN (?) OR "revenue" IS NULL) THEN CAST(FLOOR(CAST("revenue" AS DOUBLE) * ? / ? + 1e-9) AS BIGINT) END AS "revenue",
  CASE WHEN (CAST(FLOOR(CAST("revenue" AS DOUBLE) * ? / ? + 1e-9) AS BIGINT) IN (?) OR "revenue" IS NULL) THEN 0 ELSE 1 END AS "revenue.others",
  CASE WHEN ((CAST(FLOOR(CAST("revenue" AS DOUBLE) * ? / ? + 1e-9) AS BIGINT) IN (?)) AND ("region" IN (?))) THEN "region" END AS "region",
  CASE WHEN ((CAST(FLOOR(CAST("revenue" AS DOUBLE) * ? / ? + 1e-9) AS BIGINT) IN (?)) AND ("region" IN (?))) THEN 0 ELSE 1 END AS "region.others",
  CASE WHEN ((CAST(FLOOR(CAST("revenue" AS DOUBLE) * ? / ? + 1e-9) AS BIGINT) IN (?)) AND ("region" IN (?)) AND ("city" IN (?) OR "city" IS NULL)) THEN "city" END AS "city",
  CASE WHEN ((CAST(FLOOR(CAST("revenue" AS DOUBLE) * ? / ? + 1e-9) AS BIGINT) IN (?)) AND ("region" IN (?)) AND ("city" IN (?) OR "city" IS NULL)) THEN 0 ELSE 1 END AS "city.others",
  THETA_SKETCH_ESTIMATE_WITH_ERROR_BOUNDS(DS_THETA("party_id", 16384), 3) AS "visitors"
FROM (
  SELECT "__time", "is_bot", "revenue", "city", "party_id",
    CASE WHEN ("country" IN (?, ?)) THEN ? WHEN ("country" IN (?) OR "country" IS NULL) THEN ? WHEN "country" IS NOT NULL THEN ? END AS "region"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
GROUP BY 1, 2, 3, 4, 5, 6

-- bots
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT COUNT(*) AS "bots"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" = 1
