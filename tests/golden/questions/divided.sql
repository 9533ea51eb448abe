-- totals
-- purchase
-- EU
-- 8
-- 18
-- purchase
-- Asia/Tokyo
-- DE
-- NL
-- EU
-- UK
-- it's?
-- rest
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  COALESCE(SUM("revenue") FILTER (WHERE ("event" IN (?) OR "event" IS NULL) AND "region" = ? AND "hour" > ? AND "hour" <= ?), 0) AS "spent.dividend",
  THETA_SKETCH_ESTIMATE_WITH_ERROR_BOUNDS(DS_THETA("party_id", 16384), 3) AS "visitors",
  COUNT(*) FILTER (WHERE "event" = ?) AS "orders_per_session.dividend"
FROM (
  SELECT "__time", "is_bot", "event", "revenue", "party_id",
    TIME_EXTRACT("__time", 'HOUR', ?) AS "hour",
    CASE WHEN ("country" IN (?, ?)) THEN ? WHEN ("country" IN (?) OR "country" IS NULL) THEN ? WHEN "country" IS NOT NULL THEN ? END AS "region"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1

-- totals
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT
  COUNT(*) AS "sessions"
FROM "shop_sessions"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1

-- bots
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
SELECT COUNT(*) AS "bots"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" = 1
