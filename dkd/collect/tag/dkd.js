/* dkd's tag: sends the page views of a page, and the events that the page signals, to the collector it came from.
 *
 *   <script src="https://collector.example/dkd.js" data-capture="click form navigation scroll heartbeat" async></script>
 *   dkd.signal("add_to_cart", {product_id: "A-1", price: 9.5});
 *
 * What data-capture names it tells of by itself; without it, of page views alone. With data-consent on the script it does
 * nothing at all, no request and no cookie, until dkd.consent(); dkd.forget() takes that back and deletes both cookies.
 * Names that begin with _ are the tag's own, and shorter in what is served: dkd.min.js, which tests/minify.py makes of this.
 * It takes the place of divolte.js: the same cookies, ids and functions, but batches, and it sends again what was lost.
 */
(function (window, document, navigator) {
  "use strict";

  const settings = DKD_SETTINGS; // of the model: any of {domain, optOut, server}; whoever serves this file puts them here
  const PARTY = {_cookie: "_dvp", _lasts_s: 730 * 86400};
  const SESSION = {_cookie: "_dvs", _lasts_s: 30 * 60};
  const MOST_EVENTS = 20;
  const MOST_BYTES = 60000; // browsers keep at most 64 KiB in flight when a page goes
  const MOST_QUEUED = 1000;
  const WAIT_MS = 1000;
  const MOST_WAIT_MS = 60000;

  if (window.dkd && window.dkd.signal) return;

  function warn(text) {
    console.warn("dkd: " + text);
  }

  const script = document.currentScript || document.querySelector('[src*="/dkd."],[src*="/divolte.js"]');
  if (!script || !script.src) return warn("the tag cannot find its own address");
  const collector = new URL("collect", script.src.replace(/[?#].*/, "")).href;

  // Ids, in Divolte's grammar, so that either collector takes them.

  function unique() {
    const bytes = crypto.getRandomValues(new Uint8Array(24)); // 32 characters of 6 bits
    return btoa(String.fromCharCode(...bytes)).replace(/[+/]/g, (one) => (one > "+" ? "_" : "~"));
  }

  function newId() {
    return "0:" + Date.now().toString(36) + ":" + unique();
  }

  // Whether anything may happen at all, and whether a cookie may be set: what the page and the browser ask for.

  const isOptedOut = navigator.globalPrivacyControl === true || (navigator.doNotTrack || window.doNotTrack) === "1";
  const isRefused = isOptedOut && settings.optOut === "drop";
  const isAnonymous = isOptedOut && settings.optOut === "anonymous"; // the collector gives it a party for a day
  let isAllowed = !isRefused && !script.hasAttribute("data-consent");

  function consent() {
    isAllowed = !isRefused;
    whenVisible();
  }

  function forget() {
    isAllowed = false;
    pageView = visit._party = visit._session = null;
    bodies.length = queued = 0;
    [PARTY, SESSION].forEach((kind) => keep(kind._cookie, "", 0));
    remembered = {};
  }

  // Cookies. What a browser that refuses them would forget, the page remembers as long as it is open.

  let remembered = {};

  function cookie(name) {
    const found = document.cookie.split("; ").find((pair) => pair.startsWith(name + "="));
    return found && found.slice(name.length + 1);
  }

  function known(kind, now) {
    const value = !isAnonymous && cookie(kind._cookie);
    if (value && /^0:[0-9a-z]+:[^:]*$/.test(value)) return value;
    const own = remembered[kind._cookie];
    return own && now - own._seen_ms < kind._lasts_s * 1000 ? own._value : null;
  }

  function remember(kind, value, now) {
    remembered[kind._cookie] = {_value: value, _seen_ms: now};
    // Safari shortens the life of what a script sets; the collector's own it leaves alone.
    const isKept = settings.server && kind === PARTY && cookie(kind._cookie) === value;
    if (!isAnonymous && !isKept) keep(kind._cookie, value, kind._lasts_s);
  }

  function keep(name, value, lasts_s) {
    document.cookie = name + "=" + value + "; path=/; max-age=" + lasts_s + "; SameSite=Lax" +
      (settings.domain ? "; domain=" + settings.domain : "") + (location.protocol === "https:" ? "; Secure" : "");
  }

  // Who and which session, as of now; asked for every event, so a session also ends on a page that stays open.

  const visit = {_party: null, _session: null, _isNewParty: false, _isFirst: false};

  function visited() {
    const now = Date.now();
    const party = known(PARTY, now);
    const session = party && known(SESSION, now);
    visit._isNewParty = visit._isNewParty || !party;
    visit._isFirst = visit._isFirst || !session;
    visit._party = party || newId();
    visit._session = session || newId();
    remember(SESSION, visit._session, now);
    remember(PARTY, visit._party, now);
    return !session;
  }

  // Events.

  let pageView = null;
  let counter = 0;
  let referrer = document.referrer;
  let address = null;

  function event(name, values, isFirst) {
    return {
      ...values,
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
      automated: navigator.webdriver || undefined, // a browser that a program drives says so of itself
    };
  }

  function signal(name, values) {
    if (!pageView) startPageView();
    return add(name, values);
  }

  function add(name, values) {
    if (!isAllowed) return null;
    const before = visit._session;
    const isFirst = visited();
    if (before !== visit._session) cut(); // a body names one session
    const made = event(name, values, isFirst);
    enqueue(JSON.stringify(made));
    return made.event_id;
  }

  function startPageView() {
    if (!isAllowed) return;
    pageView = "0:" + unique();
    counter = 0;
    address = location.href.split("#")[0];
    add("page_view");
  }

  // Sending: one body at a time, in order; what the collector could not make safe is sent again.

  const bodies = []; // {_party, _session, _lines, _bytes, _full}
  let queued = 0;
  let sending = false;
  let timer = null;
  let failures = 0;
  let committed = [];

  function cut() {
    if (bodies.length) bodies[bodies.length - 1]._full = true;
  }

  function enqueue(line) {
    const bytes = new Blob([line]).size + 1;
    if (bytes > MOST_BYTES || queued >= MOST_QUEUED) return warn("an event is lost: too large, or too many");
    let body = bodies[bodies.length - 1];
    if (!body || body._full || body._lines.length >= MOST_EVENTS || body._bytes + bytes > MOST_BYTES) {
      body = {_party: visit._party, _session: visit._session, _lines: [], _bytes: 0, _full: false};
      bodies.push(body);
    }
    body._lines.push(line);
    body._bytes += bytes;
    queued++;
    schedule(bodies.length > 1 ? 0 : WAIT_MS);
  }

  function schedule(wait_ms) {
    if (sending || timer && wait_ms) return;
    clearTimeout(timer);
    timer = setTimeout(send, wait_ms);
  }

  function target(body) {
    return collector + "?p=" + encodeURIComponent(body._party) + "&s=" + encodeURIComponent(body._session) + "&sent=" + Date.now();
  }

  function take() {
    const body = bodies.shift();
    queued -= body._lines.length;
    return body;
  }

  function putBack(body) {
    body._full = true;
    bodies.unshift(body);
    queued += body._lines.length;
  }

  function send() {
    timer = null;
    if (sending || !bodies.length) return;
    sending = true;
    const body = take();
    fetch(target(body), {method: "POST", body: body._lines.join("\n"), keepalive: true, credentials: settings.server ? "include" : "omit"}).then(
      (response) => settle(body, response),
      () => settle(body, null)
    );
  }

  function settle(body, response) {
    sending = false;
    if (!response || response.status === 429 || response.status >= 500) {
      putBack(body);
      failures++;
      return schedule(Math.min(MOST_WAIT_MS, WAIT_MS * 2 ** (failures - 1)) * (0.5 + Math.random() / 2));
    }
    failures = 0;
    response.json().then(explain, () => {});
    if (bodies.length) return schedule(bodies.length > 1 ? 0 : WAIT_MS);
    committed.splice(0).forEach((callback) => callback());
  }

  function explain(told) {
    [told, ...(told.rejected || [])].forEach((one) => one.problem && warn(one.problem + "; " + one.remedy));
  }

  function sendAllNow() {
    while (bodies.length) {
      const body = take();
      if (!navigator.sendBeacon(target(body), body._lines.join("\n"))) {
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

  function moved(kind) {
    const now = location.href.split("#")[0];
    if (!pageView || now === address) return;
    const from = new URL(address).pathname;
    referrer = address;
    startPageView();
    if (captured("navigation")) add("navigation", {from_path: from, to_path: location.pathname, navigation_type: kind});
  }

  const pushState = history.pushState;
  history.pushState = function () {
    const result = pushState.apply(this, arguments);
    moved("navigate");
    return result;
  };
  window.addEventListener("popstate", () => moved("back_forward"));
  window.addEventListener("pagehide", sendAllNow);
  window.addEventListener("pageshow", (shown) => { if (shown.persisted) startPageView(); });
  document.addEventListener("visibilitychange", whenVisible);

  // What data-capture asks for. Nothing that somebody typed is ever read, and nothing inside an element with data-private.

  const MOST_TEXT = 100;
  const MOST_ADDRESS = 1000;
  const PRIVATE = "[data-private],[contenteditable]";
  const CLICKED = "a[href],button,summary,[role=button],[role=link],[role=menuitem],[role=tab]," +
    "[type=submit],[type=button],[type=image]";
  const TYPED = "input,select,textarea";
  const UNNAMED = "[type=password],[type=hidden],[type=file],[autocomplete^=cc-],[autocomplete*=password]," +
    "[autocomplete=one-time-code]";
  const DEPTHS = [25, 50, 75, 90, 100];
  const HEARTBEAT_MS = 10000;

  function captured(kind) {
    return (script.getAttribute("data-capture") || "").split(/[\s,]+/).includes(kind);
  }

  function short(text) {
    const one = (text || "").slice(0, 2000).replace(/\s+/g, " ").trim();
    return Array.from(one.slice(0, 2 * MOST_TEXT)).slice(0, MOST_TEXT).join("") || undefined; // no emoji is cut in two
  }

  // The innermost element around what happened that is meant; none where any around it is private.
  function meant(happened, selector) {
    const around = happened.composedPath().filter((one) => one.matches);
    return around.some((one) => one.matches(PRIVATE)) ? null : around.find((one) => one.matches(selector));
  }

  function clicked(happened) {
    const element = happened.isTrusted && meant(happened, CLICKED);
    if (!element) return;
    const isReadable = !element.matches(TYPED) && !element.querySelector(TYPED + "," + PRIVATE);
    const url = /^https?:/.test(element.href) ? element.href : "";
    signal("click", {
      element_tag: element.localName,
      element_text: short(element.getAttribute("aria-label") || (isReadable ? element.textContent : "")),
      element_id: short(element.getAttribute("id")),
      element_class: short(element.getAttribute("class")),
      target_url: url.slice(0, MOST_ADDRESS) || undefined,
    });
  }

  function submitted(happened) {
    const form = meant(happened, "form");
    if (!form) return;
    const fields = Array.from(form.querySelectorAll(TYPED));
    const named = fields.filter((one) => !one.matches(UNNAMED) && !one.closest(PRIVATE));
    const names = named.map((one) => short(one.name)).filter(Boolean);
    signal("form_submit", {
      form_id: short(form.getAttribute("id")),
      form_name: short(form.getAttribute("name")),
      form_fields: Array.from(new Set(names)).slice(0, MOST_TEXT),
    });
  }

  let reached = {_pageView: null, _depth: 0};

  function scrolled() {
    if (!pageView) return;
    if (reached._pageView !== pageView) reached = {_pageView: pageView, _depth: 0};
    const whole = document.documentElement.scrollHeight;
    const depth = (100 * Math.ceil(window.scrollY + window.innerHeight)) / whole;
    DEPTHS.filter((mark) => mark > reached._depth && mark <= depth).forEach((mark) => {
      reached._depth = mark;
      add("scroll", {scroll_depth: mark});
    });
  }

  // Attention: a stretch in which the visitor moved, typed or scrolled, on a page that could be seen.

  let isActive = false;

  function beat() {
    if (isActive && pageView && document.visibilityState !== "hidden") add("heartbeat");
    isActive = false;
  }

  const early = {capture: true, passive: true}; // pages stop events on their way
  if (captured("click")) window.addEventListener("click", clicked, early);
  if (captured("form")) window.addEventListener("submit", submitted, early);
  if (captured("scroll")) window.addEventListener("scroll", scrolled, early);
  if (captured("heartbeat")) {
    ["pointermove", "pointerdown", "keydown", "scroll"].forEach((name) => {
      window.addEventListener(name, () => { isActive = true; }, early);
    });
    setInterval(beat, HEARTBEAT_MS);
  }

  window.dkd = {
    signal: signal,
    whenCommitted: whenCommitted,
    consent: consent,
    forget: forget,
    get partyId() { return visit._party; },
    get sessionId() { return visit._session; },
    get pageViewId() { return pageView; },
    get isNewPartyId() { return visit._isNewParty; },
    get isFirstInSession() { return visit._isFirst; },
    isServerPageView: false,
  };
  if (!window.divolte) window.divolte = window.dkd;
  whenVisible();
})(window, document, navigator);
