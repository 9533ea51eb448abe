-- totals
-- page_view
-- DE
-- NL
-- EU
-- UK
-- it's?
-- rest
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- A'b
-- ^/shop
-- 2026-10-24 23:00:00+00:00
-- 2026-10-25 00:00:00+00:00
-- 0.5
-- 10.0
-- 3
-- 9
-- e
SELECT
  COUNT(*) FILTER (WHERE "event" = ?) AS "pageviews"
FROM (
  SELECT "__time", "is_bot", "page_path", "revenue", "viewport_width", "event",
    CASE WHEN ("country" IN (?, ?)) THEN ? WHEN ("country" IN (?) OR "country" IS NULL) THEN ? WHEN "country" IS NOT NULL THEN ? END AS "region"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
  AND ICONTAINS_STRING("page_path", ?)
  AND (REGEXP_LIKE("page_path", ?) IS NOT TRUE)
  AND ("__time" >= ? AND "__time" < ?)
  AND (("revenue" < ? OR "revenue" >= ?) IS NOT TRUE)
  AND ("viewport_width" >= ? AND "viewport_width" < ?)
  AND ICONTAINS_STRING("region", ?)

-- bots
-- DE
-- NL
-- EU
-- UK
-- it's?
-- rest
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- A'b
-- ^/shop
-- 2026-10-24 23:00:00+00:00
-- 2026-10-25 00:00:00+00:00
-- 0.5
-- 10.0
-- 3
-- 9
-- e
SELECT COUNT(*) AS "bots"
FROM (
  SELECT "__time", "is_bot", "page_path", "revenue", "viewport_width",
    CASE WHEN ("country" IN (?, ?)) THEN ? WHEN ("country" IN (?) OR "country" IS NULL) THEN ? WHEN "country" IS NOT NULL THEN ? END AS "region"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND ICONTAINS_STRING("page_path", ?)
  AND (REGEXP_LIKE("page_path", ?) IS NOT TRUE)
  AND ("__time" >= ? AND "__time" < ?)
  AND (("revenue" < ? OR "revenue" >= ?) IS NOT TRUE)
  AND ("viewport_width" >= ? AND "viewport_width" < ?)
  AND ICONTAINS_STRING("region", ?)
  AND "is_bot" = 1
