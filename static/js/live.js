// The live stream: an event says only that something changed; what is shown is asked from the server, and rows never move by themselves.
"use strict";
(() => {
  const body = document.body;
  const { liveUrl, livePoll } = body.dataset;
  if (!liveUrl && !livePoll) return;
  const banner = document.getElementById("stale");
  const kinds = (body.dataset.liveKinds || "inbox").split(" ");
  const language = document.documentElement.lang;
  const POLL = 5000;
  const PATIENCE = 8000; // a short gap is not worth a banner
  let source = null;
  let heard = new Date();
  let broken = 0;
  let opened = false;
  let polling = 0;
  let seen = null;
  let wait = 1000;
  let told = 0;
  let paused = sessionStorage.getItem("leadops-live") === "paused";

  const fresh = () => {
    heard = new Date();
    broken = 0;
    if (banner) banner.hidden = true;
  };
  const stale = () => {
    broken ||= Date.now();
    if (!banner || paused || Date.now() - broken < PATIENCE) return;
    const time = heard.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", hour12: false });
    const words = (body.dataset.labelStale || "").replace("{time}", time);
    if (banner.textContent !== words) banner.textContent = words;
    banner.hidden = false;
  };

  const announce = () => {
    const bar = document.querySelector("#arrivals .arrivals-bar");
    if (!bar || Date.now() - told < 60000) return; // politely: at most once a minute
    told = Date.now();
    window.leadops?.say(bar.textContent.trim(), false);
  };
  const changed = (kind) => {
    window.htmx?.trigger(body, `leadops:${kind}`);
    const place = document.querySelector("[data-arrivals-url]");
    if (kind === "inbox" && place && window.htmx) window.htmx.ajax("GET", place.dataset.arrivalsUrl, { target: place, swap: "outerHTML" }).then(announce);
  };

  const poll = async () => {
    polling = 0;
    if (paused || !livePoll) return;
    try {
      const answer = await fetch(livePoll, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      const state = await answer.text();
      fresh();
      if (seen !== state) changed("inbox"); // the first look, too: a lead may have come while the page was on its way
      if (kinds.includes("house")) changed("house"); // its page asks no oftener than it likes
      seen = state;
    } catch {
      stale(); // the banner is the message; the next look is in five seconds
    }
    if (!source || source.readyState !== EventSource.OPEN) polling = setTimeout(poll, POLL);
  };
  const fallBack = () => { if (!polling && livePoll) polling = setTimeout(poll, POLL); };

  const connect = () => {
    if (paused || !liveUrl) return fallBack();
    source = new EventSource(kinds.includes("house") ? `${liveUrl}&house=1` : liveUrl);
    source.onopen = () => {
      wait = 1000;
      clearTimeout(polling);
      polling = 0;
      if (broken) for (const kind of kinds) changed(kind); // what happened in the gap
      else if (!opened) changed("inbox"); // and while the page was on its way
      opened = true;
      fresh();
    };
    source.onmessage = fresh;
    for (const kind of kinds) source.addEventListener(kind, () => { fresh(); changed(kind); });
    source.onerror = () => {
      stale();
      fallBack();
      if (source.readyState === EventSource.CLOSED) { setTimeout(connect, wait); wait = Math.min(wait * 2, 30000); }
    };
  };
  const close = () => { source?.close(); source = null; clearTimeout(polling); polling = 0; };

  const showPause = () => { for (const button of document.querySelectorAll("[data-pause-live]")) { button.hidden = false; button.setAttribute("aria-pressed", String(paused)); } };
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-pause-live]")) return;
    paused = !paused;
    sessionStorage.setItem("leadops-live", paused ? "paused" : "on");
    showPause();
    close();
    if (banner) banner.hidden = true;
    if (!paused) { for (const kind of kinds) changed(kind); connect(); }
  });
  setInterval(() => { if (broken) stale(); }, 2000);
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  showPause();
  connect();
})();
