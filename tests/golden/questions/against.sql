-- ranking
-- purchase
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- x
-- ^/(shop|product)/([^/?]+)
-- 2
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- 0
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- x
SELECT "country", COUNT(*) FILTER (WHERE "event" = ? AND "__time" >= ? AND "__time" < ? AND ICONTAINS_STRING("product", ?)) AS "rank"
FROM (
  SELECT "__time", "is_bot", "country", "is_late", "event",
    REGEXP_EXTRACT("page_path", ?, ?) AS "product"
  FROM "shop_events"
)
WHERE (("__time" >= ? AND "__time" < ? AND ("is_late" IN (?)))
  OR ("__time" >= ? AND "__time" < ? AND ICONTAINS_STRING("product", ?)))
  AND "is_bot" IS DISTINCT FROM 1
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT 3

-- totals
-- purchase
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- 0
SELECT
  COUNT(*) FILTER (WHERE "event" = ?) AS "orders"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
  AND ("is_late" IN (?))

-- rows
-- NL
-- NL
-- purchase
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- 0
SELECT
  CASE WHEN ("country" IN (?)) THEN "country" END AS "country",
  CASE WHEN ("country" IN (?)) THEN 0 ELSE 1 END AS "country.others",
  COUNT(*) FILTER (WHERE "event" = ?) AS "orders"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
  AND ("is_late" IN (?))
GROUP BY 1, 2

-- totals of what is compared
-- purchase
-- ^/(shop|product)/([^/?]+)
-- 2
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- x
SELECT
  COUNT(*) FILTER (WHERE "event" = ?) AS "orders"
FROM (
  SELECT "__time", "is_bot", "event",
    REGEXP_EXTRACT("page_path", ?, ?) AS "product"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
  AND ICONTAINS_STRING("product", ?)

-- rows of what is compared
-- NL
-- NL
-- purchase
-- ^/(shop|product)/([^/?]+)
-- 2
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- x
SELECT
  CASE WHEN ("country" IN (?)) THEN "country" END AS "country",
  CASE WHEN ("country" IN (?)) THEN 0 ELSE 1 END AS "country.others",
  COUNT(*) FILTER (WHERE "event" = ?) AS "orders"
FROM (
  SELECT "__time", "is_bot", "country", "event",
    REGEXP_EXTRACT("page_path", ?, ?) AS "product"
  FROM "shop_events"
)
WHERE "__time" >= ? AND "__time" < ?
  AND "is_bot" IS DISTINCT FROM 1
  AND ICONTAINS_STRING("product", ?)
GROUP BY 1, 2

-- bots
-- 2026-10-24 22:00:00+00:00
-- 2026-10-25 23:00:00+00:00
-- 0
SELECT COUNT(*) AS "bots"
FROM "shop_events"
WHERE "__time" >= ? AND "__time" < ?
  AND ("is_late" IN (?))
  AND "is_bot" = 1
