-- ranking
-- purchase
-- purchase
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT "country", CASE WHEN COUNT("revenue") FILTER (WHERE "event" = ?) > 0 THEN APPROX_QUANTILE_DS("revenue", 0.95, 1024) FILTER (WHERE "event" = ?) END AS "rank"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT 3

-- totals
-- purchase
-- purchase
-- purchase
-- purchase
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  ARRAY[CAST(COUNT("revenue") FILTER (WHERE "event" = ?) AS DOUBLE), DS_GET_QUANTILE(DS_QUANTILES_SKETCH("revenue", 1024) FILTER (WHERE "event" = ?), 0.94783), DS_GET_QUANTILE(DS_QUANTILES_SKETCH("revenue", 1024) FILTER (WHERE "event" = ?), 0.95), DS_GET_QUANTILE(DS_QUANTILES_SKETCH("revenue", 1024) FILTER (WHERE "event" = ?), 0.95217)] AS "order_p95"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1

-- rows
-- P1D
-- UTC
-- NL
-- NL
-- purchase
-- purchase
-- purchase
-- purchase
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  TIME_FLOOR("__time", ?, NULL, ?) AS "time",
  CASE WHEN ("country" IN (?)) THEN "country" END AS "country",
  CASE WHEN ("country" IN (?)) THEN 0 ELSE 1 END AS "country.others",
  ARRAY[CAST(COUNT("revenue") FILTER (WHERE "event" = ?) AS DOUBLE), DS_GET_QUANTILE(DS_QUANTILES_SKETCH("revenue", 1024) FILTER (WHERE "event" = ?), 0.94783), DS_GET_QUANTILE(DS_QUANTILES_SKETCH("revenue", 1024) FILTER (WHERE "event" = ?), 0.95), DS_GET_QUANTILE(DS_QUANTILES_SKETCH("revenue", 1024) FILTER (WHERE "event" = ?), 0.95217)] AS "order_p95"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
GROUP BY 1, 2, 3
LIMIT 20001

-- totals
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  ARRAY[CAST(COUNT("duration_s") AS DOUBLE), DS_GET_QUANTILE(DS_QUANTILES_SKETCH("duration_s", 1024), 0.49783), DS_GET_QUANTILE(DS_QUANTILES_SKETCH("duration_s", 1024), 0.5), DS_GET_QUANTILE(DS_QUANTILES_SKETCH("duration_s", 1024), 0.50217)] AS "session_median"
FROM "shop_sessions"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1

-- rows
-- P1D
-- UTC
-- NL
-- NL
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  TIME_FLOOR("__time", ?, NULL, ?) AS "time",
  CASE WHEN ("country" IN (?)) THEN "country" END AS "country",
  CASE WHEN ("country" IN (?)) THEN 0 ELSE 1 END AS "country.others",
  ARRAY[CAST(COUNT("duration_s") AS DOUBLE), DS_GET_QUANTILE(DS_QUANTILES_SKETCH("duration_s", 1024), 0.49783), DS_GET_QUANTILE(DS_QUANTILES_SKETCH("duration_s", 1024), 0.5), DS_GET_QUANTILE(DS_QUANTILES_SKETCH("duration_s", 1024), 0.50217)] AS "session_median"
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
