// Now: live figures as text, the lines of the last minutes, the lists; what changes its shape comes from the server.
import { ago, localTimes, say, UNITS } from "./words.js";
import { Live, fill, renew } from "./live.js";

const STALE_MS = 5_000;
const STEP_MS = 5_000;
const HEIGHT = 40;
const heard = document.querySelector("[data-heard]");
const ru = document.documentElement.lang === "ru";
const last = { traffic: Number(heard?.dataset.heard), load: Number(heard?.dataset.heard) };
let lines = sparks();
let step = Math.floor(Date.now() / STEP_MS);
let sum = null;

function sparks() {
  const found = {};
  for (const svg of document.querySelectorAll("[data-spark]")) {
    const paths = [...svg.querySelectorAll("path")];
    const values = paths.map((path) => path.dataset.values.split(",").map((value) => (value === "" ? null : Number(value))));
    found[svg.dataset.spark] = { svg, paths, values };
  }
  return found;
}

function draw(name, unit, times) {
  const spark = lines[name];
  if (!spark) return;
  const peak = Math.max(0, ...spark.values.flat());
  spark.paths.forEach((path, at) => {
    let text = "";
    let isDown = false;
    spark.values[at].forEach((value, x) => {
      if (value === null) return (isDown = false);
      const y = HEIGHT - (value / Math.max(peak, 1)) * (HEIGHT - 2) - 1;
      text += `${isDown ? "L" : "M"}${x} ${y.toFixed(1)}`;
      isDown = true;
    });
    path.setAttribute("d", text);
  });
  const label = document.querySelector(`[data-peak="${name}"]`);
  if (label) label.textContent = say(peak * times, unit);
}

/** Adds a second to the lines: their last step is the mean of its seconds so far. */
function addSecond(traffic, time) {
  const now = Math.floor(time / STEP_MS);
  const seconds = [traffic.b[0], traffic.b[1], traffic.p[0] + traffic.p[1] + traffic.p[2]];
  const isNext = now > step;
  if (isNext || !sum) sum = { count: 0, of: [0, 0, 0] };
  sum.count++;
  const means = sum.of.map((_, at) => (sum.of[at] += seconds[at]) / sum.count);
  const put = (values, value) => {
    for (let left = Math.min(now - step, values.length); left > 0; left--) {
      values.shift();
      values.push(null);
    }
    values[values.length - 1] = value;
  };
  const bits = lines.bits?.values;
  if (bits) bits.forEach((values, at) => put(values, means[at]));
  if (lines.packets) put(lines.packets.values[0], means[2]);
  step = Math.max(step, now);
  draw("bits", "bits", 8);
  draw("packets", "packets", 1);
}

/** Rows of a list that always has as many: text, never markup. */
function list(name, rows, cells) {
  const body = document.querySelector(`[data-list="${name}"]`);
  if (!body) return;
  [...body.rows].forEach((row, at) => {
    const texts = rows[at] ? cells(rows[at]) : ["–", "\u00a0", "\u00a0"];
    [...row.cells].forEach((cell, place) => {
      const text = texts[place] ?? "";
      if (name === "hosts" && place === 0 && rows[at]) {
        let link = cell.querySelector("a");
        if (!link) {
          link = document.createElement("a");
          cell.replaceChildren(link);
        }
        link.href = `/hosts/${encodeURIComponent(text)}`;
        if (link.textContent !== text) link.textContent = text;
      } else if (cell.textContent !== text) cell.textContent = text;
      if (place > 0) cell.className = "n";
    });
  });
}

function cores(load) {
  const svg = document.querySelector("svg.cores");
  if (!svg) return;
  const rects = svg.querySelectorAll("rect");
  let busiest = [0, -1];
  load.k.forEach(([busy, soft], at) => {
    if (busy > busiest[1]) busiest = [at, busy];
    [busy, soft].forEach((percent, which) => {
      const rect = rects[at * 3 + 1 + which];
      rect?.setAttribute("y", 50 - percent / 2);
      rect?.setAttribute("height", percent / 2);
    });
  });
  const label = document.querySelector("[data-busiest]");
  if (label && busiest[1] >= 0) label.textContent = `${busiest[0]}: ${say(busiest[1], "percent")}`;
}

const messages = {
  traffic(traffic, time) {
    last.traffic = Date.now();
    addSecond(traffic, time);
    if (traffic.h) list("hosts", traffic.h, (host) => [host[0], UNITS.bits(host[1] * 8), UNITS.bits(host[2] * 8)]);
  },
  load(load) {
    last.load = Date.now();
    cores(load);
    list("processes", load.p, (process) => [
      process[1] > 1 ? `${process[0]} ×${process[1]}` : process[0],
      say(process[2], "percent"),
      say(process[3], "bytes"),
    ]);
  },
  incidents() {
    refresh(["verdict", "incidents", "roles", "ledger"]);
  },
};

let live = null;
let refreshing = null;
/** One at a time: what changes meanwhile is asked for once more, after it. */
function refresh(names) {
  if (refreshing) {
    refreshing.again = refreshing.again === null || names === null ? null : [...new Set([...(refreshing.again || []), ...names])];
    return;
  }
  refreshing = { again: [] };
  renew(names)
    .then((fresh) => {
      if (!fresh) return;
      localTimes(document);
      if (!names) lines = sparks();
    })
    .catch(() => {})
    .finally(() => {
      const { again } = refreshing;
      refreshing = null;
      if (again === null || again.length) setTimeout(() => refresh(again), 1_000);
    });
}

live = new Live(document.body.dataset.channels.split(","), {
  message(channel, payload, time) {
    fill(document, channel, payload, say);
    messages[channel]?.(payload, time);
    // A card that was empty has no places to fill: its first data bring it from the server.
    if ((channel === "traffic" && !lines.bits) || (channel === "load" && !document.querySelector("svg.cores"))) refresh(null);
    tick();
  },
  resync: () => refresh(null),
  state: tick,
});

function tick() {
  const now = Date.now();
  for (const channel of ["traffic", "load"]) {
    // The host is sampled every 5 s only.
    const isStale = now - last[channel] > (channel === "load" ? 3 * STALE_MS : STALE_MS);
    for (const element of document.querySelectorAll(`[data-stale="${channel}"]`)) element.classList.toggle("stale", isStale);
    for (const element of document.querySelectorAll(`[data-age="${channel}"]`)) {
      element.hidden = !isStale;
      element.querySelector("span").textContent = ago(last[channel], now);
    }
  }
  if (!heard) return;
  const newest = Math.max(live?.heard || 0, Number(heard.dataset.heard));
  const isLost = now - newest > STALE_MS;
  heard.classList.toggle("lost", isLost);
  const text = isLost ? (ru ? "последние данные " : "last data ") + ago(newest, now) : ru ? "сейчас" : "live";
  if (heard.textContent !== text) heard.textContent = text;
}

setInterval(tick, 1_000);
