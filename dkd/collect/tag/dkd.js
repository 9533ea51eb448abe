/* dkd's tag: sends the page views of a page, and the events that the page signals, to the collector it came from.
 *
 *   <script src="https://collector.example/dkd.js" async></script>
 *   dkd.signal("add_to_cart", {product_id: "A-1", price: 9.5});
 *
 * It takes the place of divolte.js: the same cookies, ids and functions, but batches, and it sends again what was lost.
 */
(function (window, document, navigator) {
  "use strict";

  const COOKIE_DOMAIN = "";
  const PARTY = {cookie: "_dvp", lasts_s: 730 * 86400};
  const SESSION = {cookie: "_dvs", lasts_s: 30 * 60};
  const MOST_EVENTS = 20;
  const MOST_BYTES = 60000; // browsers keep at most 64 KiB in flight when a page goes
  const MOST_QUEUED = 1000;
  const WAIT_MS = 1000;
  const MOST_WAIT_MS = 60000;

  if (window.dkd && window.dkd.signal) return;

  const script = document.currentScript || document.querySelector('script[src*="dkd.js"],script[src*="divolte.js"]');
  if (!script || !script.src) return console.warn("dkd: the tag cannot find its own address; nothing is collected");
  const collector = new URL("collect", script.src.replace(/[?#].*/, "")).href;

  // Ids, in Divolte's grammar, so that either collector takes them.

  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789~_";

  function unique() {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    return Array.from(bytes, (byte) => LETTERS[byte & 63]).join("");
  }

  function newId() {
    return "0:" + Date.now().toString(36) + ":" + unique();
  }

  // Cookies. What a browser that refuses them would forget, the page remembers as long as it is open.

  const remembered = {};

  function cookie(name) {
    const found = document.cookie.split("; ").find((pair) => pair.startsWith(name + "="));
    return found && found.slice(name.length + 1);
  }

  function known(kind, now) {
    const value = cookie(kind.cookie);
    if (value && /^0:[0-9a-z]+:[^:]*$/.test(value)) return value;
    const own = remembered[kind.cookie];
    return own && now - own.seen_ms < kind.lasts_s * 1000 ? own.value : null;
  }

  function remember(kind, value, now) {
    remembered[kind.cookie] = {value: value, seen_ms: now};
    document.cookie = kind.cookie + "=" + value + "; path=/; max-age=" + kind.lasts_s + "; SameSite=Lax" +
      (COOKIE_DOMAIN ? "; domain=" + COOKIE_DOMAIN : "") + (location.protocol === "https:" ? "; Secure" : "");
  }

  // Who and which session, as of now; asked for every event, so a session also ends on a page that stays open.

  const visit = {party: null, session: null, isNewParty: false, isFirst: false};

  function visited() {
    const now = Date.now();
    const party = known(PARTY, now);
    const session = party && known(SESSION, now);
    visit.isNewParty = visit.isNewParty || !party;
    visit.isFirst = visit.isFirst || !session;
    visit.party = party || newId();
    visit.session = session || newId();
    remember(SESSION, visit.session, now);
    remember(PARTY, visit.party, now);
    return !session;
  }

  // Events.

  let pageView = null;
  let counter = 0;
  let referrer = document.referrer;
  let address = null;

  function event(name, values, isFirst) {
    return Object.assign({}, values, {
      event: name,
      event_id: pageView + (counter++).toString(16),
      timestamp_ms: Date.now(),
      pageview_id: pageView,
      page_url: location.href,
      referrer_url: referrer || undefined,
      viewport_width: Math.round(window.innerWidth),
      viewport_height: Math.round(window.innerHeight),
      screen_width: Math.round(screen.availWidth),
      screen_height: Math.round(screen.availHeight),
      first_in_session: isFirst,
    });
  }

  function signal(name, values) {
    if (!pageView) startPageView();
    return add(name, values);
  }

  function add(name, values) {
    const before = visit.session;
    const isFirst = visited();
    if (before !== visit.session) cut(); // a body names one session
    const made = event(name, values, isFirst);
    enqueue(JSON.stringify(made));
    return made.event_id;
  }

  function startPageView() {
    pageView = "0:" + unique();
    counter = 0;
    address = location.href.split("#")[0];
    add("page_view");
  }

  // Sending: one body at a time, in order; what the collector could not make safe is sent again.

  const bodies = []; // {party, session, lines, bytes}
  let queued = 0;
  let sending = false;
  let timer = null;
  let failures = 0;
  let committed = [];

  function cut() {
    if (bodies.length) bodies[bodies.length - 1].full = true;
  }

  function enqueue(line) {
    const bytes = new TextEncoder().encode(line).length + 1;
    if (bytes > MOST_BYTES || queued >= MOST_QUEUED) return console.warn("dkd: an event is lost, too large or too many wait");
    let body = bodies[bodies.length - 1];
    if (!body || body.full || body.lines.length >= MOST_EVENTS || body.bytes + bytes > MOST_BYTES) {
      body = {party: visit.party, session: visit.session, lines: [], bytes: 0, full: false};
      bodies.push(body);
    }
    body.lines.push(line);
    body.bytes += bytes;
    queued++;
    schedule(bodies.length > 1 ? 0 : WAIT_MS);
  }

  function schedule(wait_ms) {
    if (sending || timer && wait_ms) return;
    clearTimeout(timer);
    timer = setTimeout(send, wait_ms);
  }

  function target(body) {
    return collector + "?p=" + encodeURIComponent(body.party) + "&s=" + encodeURIComponent(body.session) + "&sent=" + Date.now();
  }

  function take() {
    const body = bodies.shift();
    queued -= body.lines.length;
    return body;
  }

  function putBack(body) {
    body.full = true;
    bodies.unshift(body);
    queued += body.lines.length;
  }

  function send() {
    timer = null;
    if (sending || !bodies.length) return;
    sending = true;
    const body = take();
    fetch(target(body), {method: "POST", body: body.lines.join("\n"), keepalive: true, credentials: "omit"}).then(
      (response) => settle(body, response),
      () => settle(body, null)
    );
  }

  function settle(body, response) {
    sending = false;
    if (!response || response.status === 429 || response.status >= 500) {
      putBack(body);
      failures++;
      return schedule(Math.min(MOST_WAIT_MS, WAIT_MS * Math.pow(2, failures - 1)) * (0.5 + Math.random() / 2));
    }
    failures = 0;
    response.json().then(explain, () => {});
    if (bodies.length) return schedule(bodies.length > 1 ? 0 : WAIT_MS);
    committed.splice(0).forEach((callback) => callback());
  }

  function explain(told) {
    if (told.problem) console.warn("dkd: " + told.problem + "; " + told.remedy);
    (told.rejected || []).forEach((one) => console.warn("dkd: an event was refused: " + one.problem + "; " + one.remedy));
  }

  function sendAllNow() {
    while (bodies.length) {
      const body = take();
      if (!navigator.sendBeacon(target(body), body.lines.join("\n"))) {
        putBack(body);
        return schedule(WAIT_MS);
      }
    }
  }

  function whenCommitted(callback, timeout_ms) {
    if (!sending && !bodies.length) return setTimeout(callback, 0);
    let called = false;
    const once = () => called || ((called = true), callback());
    committed.push(once);
    if (timeout_ms) setTimeout(once, timeout_ms);
    schedule(0);
  }

  // When a page is seen, left, brought back, or becomes another one without loading.

  function whenVisible() {
    if (document.visibilityState === "hidden") return sendAllNow();
    if (!pageView) startPageView();
  }

  function moved() {
    const now = location.href.split("#")[0];
    if (!pageView || now === address) return;
    referrer = address;
    startPageView();
  }

  const pushState = history.pushState;
  history.pushState = function () {
    const result = pushState.apply(this, arguments);
    moved();
    return result;
  };
  window.addEventListener("popstate", moved);
  window.addEventListener("pagehide", sendAllNow);
  window.addEventListener("pageshow", (shown) => { if (shown.persisted) startPageView(); });
  document.addEventListener("visibilitychange", whenVisible);

  window.dkd = {
    signal: signal,
    whenCommitted: whenCommitted,
    get partyId() { return visit.party; },
    get sessionId() { return visit.session; },
    get pageViewId() { return pageView; },
    get isNewPartyId() { return visit.isNewParty; },
    get isFirstInSession() { return visit.isFirst; },
    isServerPageView: false,
  };
  if (!window.divolte) window.divolte = window.dkd;
  whenVisible();
})(window, document, navigator);
