// rendered by dkd from specs/shop.yaml, do not edit
mapping {
  map duplicate() onto 'detectedDuplicate'
  map corrupt() onto 'detectedCorruption'
  map firstInSession() onto 'firstInSession'
  map timestamp() onto 'timestamp'
  map clientTimestamp() onto 'clientTimestamp'
  // no remoteHost: Divolte cannot truncate an address (collector.ip), so it sends none
  map referer() onto 'referer'
  map location() onto 'location'
  map viewportPixelWidth() onto 'viewportPixelWidth'
  map viewportPixelHeight() onto 'viewportPixelHeight'
  map screenPixelWidth() onto 'screenPixelWidth'
  map screenPixelHeight() onto 'screenPixelHeight'
  map partyId() onto 'partyId'
  map sessionId() onto 'sessionId'
  map pageViewId() onto 'pageViewId'
  map eventId() onto 'eventId'
  map eventType() onto 'eventType'
  map userAgentString() onto 'userAgentString'
  def parameters = eventParameters()
  map parameters.path('$.user_id') onto 'user_id'
  map parameters.path('$.query') onto 'query'
  map parameters.path('$.product_id') onto 'product_id'
  map parameters.path('$.price') onto 'price'
  map { parse parameters.value('quantity') to int32 } onto 'quantity'
  map parameters.path('$.order_id') onto 'order_id'
  map parameters.path('$.revenue') onto 'revenue'
}
