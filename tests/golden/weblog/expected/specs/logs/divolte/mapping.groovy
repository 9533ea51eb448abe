// rendered by dkd from specs/logs.yaml, do not edit
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
  map parameters.path('$.request') onto 'request'
  map parameters.path('$.method') onto 'http_method'
  map { parse parameters.value('status') to int32 } onto 'status'
  map { parse parameters.value('bytes') to int64 } onto 'bytes'
  map parameters.path('$.userid') onto 'user_id'
}
