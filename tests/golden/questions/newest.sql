-- newest
SELECT "__time" AS "time"
FROM "shop_events"
ORDER BY "__time" DESC
LIMIT 1
