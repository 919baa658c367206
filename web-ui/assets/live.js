// Follows channels of the hub: server-sent events, and long-poll where those do not come through. One cursor resumes
// all of them, so that nothing is missed when a phone sleeps; where the hub does not reach back, `resync` is called.

/** After so long without a message the connection is made anew, whatever the system says of it: a phone that slept
 * does not know that its connection is gone. Nothing is missed by it. */
const SILENCE_MS = 45_000;
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000];
const EVENTS_TRIES = 3;

export class Live {
  #channels;
  #tell;
  #cursor = "";
  #source = null;
  #poll = null;
  #failures = 0;
  #eventsFailed = 0;
  #timer = 0;
  #watchdog = 0;
  heard = 0;
  isOpen = false;

  /** `tell`: {message(channel, payload, time), resync(), state(isOpen)}. */
  constructor(channels, tell) {
    this.#channels = channels.join(",");
    this.#tell = tell;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#close() : this.#open()));
    window.addEventListener("online", () => this.#open());
    window.addEventListener("pagehide", () => this.#close());
    window.addEventListener("pageshow", (event) => event.persisted && this.#open());
    this.#open();
  }

  #url(transport) {
    const since = this.#cursor ? `&since=${encodeURIComponent(this.#cursor)}` : "";
    return `/push/${transport}?channels=${encodeURIComponent(this.#channels)}${since}`;
  }

  #open() {
    if (document.hidden) return;
    this.#close();
    if (this.#eventsFailed < EVENTS_TRIES) this.#events();
    else this.#polls();
  }

  #close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#watchdog);
    this.#source?.close();
    this.#source = null;
    this.#poll?.abort();
    this.#poll = null;
    this.#said(false);
  }

  #said(isOpen) {
    if (this.isOpen === isOpen) return;
    this.isOpen = isOpen;
    this.#tell.state(isOpen);
  }

  #alive() {
    this.#failures = 0;
    this.#said(true);
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#again(), SILENCE_MS);
  }

  #again() {
    this.#close();
    if (document.hidden) return;
    const wait = RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)];
    // Many pages that lost one server must not come back in one moment.
    this.#timer = setTimeout(() => this.#open(), wait * (0.75 + Math.random() / 2));
  }

  #events() {
    const source = new EventSource(this.#url("events"));
    this.#source = source;
    let wasOpen = false;
    source.onopen = () => {
      wasOpen = true;
      this.#eventsFailed = 0;
      this.#alive();
    };
    source.onmessage = (event) => this.#take(event.lastEventId, event.data);
    source.addEventListener("resync", (event) => this.#resync(event.lastEventId));
    source.onerror = () => {
      // Our own way back knows the cursor and the wait; the browser's would not be watched.
      if (this.#source !== source) return;
      if (!wasOpen) this.#eventsFailed++;
      this.#again();
    };
  }

  async #polls() {
    const poll = new AbortController();
    this.#poll = poll;
    try {
      while (this.#poll === poll) {
        this.#alive();
        const answer = await fetch(this.#url("poll") + "&wait=25", { signal: poll.signal });
        if (!answer.ok) throw new Error(String(answer.status));
        const { cursor, resync, messages = [] } = await answer.json();
        if (resync) this.#resync(cursor);
        for (const message of messages) this.#take(message.id, message);
        if (cursor) this.#cursor = cursor;
      }
    } catch (error) {
      if (this.#poll === poll && error.name !== "AbortError") this.#again();
    }
  }

  #resync(cursor) {
    if (cursor) this.#cursor = cursor;
    this.#alive();
    this.#tell.resync();
  }

  #take(id, data) {
    if (id) this.#cursor = id;
    this.#alive();
    this.heard = Date.now();
    let message;
    try {
      message = typeof data === "string" ? JSON.parse(data) : data;
    } catch {
      return;
    }
    const { channels = [], time, data: payload } = message;
    for (const channel of channels) this.#tell.message(channel, payload, Date.parse(time));
  }
}

/** The value of "b.0+b.1" in a payload; undefined if a part of it is not there. */
export function pluck(payload, paths) {
  let sum;
  for (const path of paths.split("+")) {
    let value = payload;
    for (const key of path.split(".")) value = value?.[key];
    if (value === undefined || value === null) return undefined;
    sum = sum === undefined ? value : sum + value;
  }
  return sum;
}

/** Puts a payload's values into all `data-live="channel:path"` below `root`, as text. */
export function fill(root, channel, payload, say) {
  for (const element of root.querySelectorAll(`[data-live^="${CSS.escape(channel)}:"]`)) {
    const value = pluck(payload, element.dataset.live.slice(channel.length + 1));
    if (value === undefined) continue;
    const of = element.dataset.of && pluck(payload, element.dataset.of.slice(channel.length + 1));
    const scaled = typeof value === "number" ? value * Number(element.dataset.times || 1) : value;
    const text = say(of ? (scaled * 100) / of : scaled, element.dataset.unit);
    if (element.textContent !== text) element.textContent = text;
  }
}

/** Replaces the parts of the page by the server's newest, which knows the language and what the visitor may do. */
export async function renew(names) {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) return location.reload();
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-part]")) {
    const name = part.dataset.part;
    if (names && !names.includes(name)) continue;
    const next = fresh.querySelector(`[data-part="${CSS.escape(name)}"]`);
    // A form that somebody is at stays as it is.
    if (next && !part.contains(document.activeElement)) part.replaceChildren(...next.childNodes);
  }
  return fresh;
}
