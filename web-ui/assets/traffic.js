// The chart alive: uPlot over the columns of /api/traffic, zoomed by finger, wheel or mouse; a narrower time is asked for anew.
import { say, time } from "./words.js";

const figure = document.getElementById("chart");
const WAIT = 350; // ms of rest after a gesture before the server is asked

const columns = (answer) => [answer.times, ...answer.lines.map((line) => line.values)];
const alone = (values) => values.flatMap((value, at) => (value != null && values[at - 1] == null && values[at + 1] == null ? [at] : []));
const query = new URLSearchParams(location.search);

async function ask(parameters) {
  const response = await fetch(`/api/traffic?${parameters}`, { headers: { accept: "application/json" } });
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

/** One finger pans, two zoom, a double tap shows all; up and down scroll the page as ever. */
function touch(settled, whole) {
  let begin;
  const spread = (touches, box) => {
    const xs = [...touches].map((finger) => finger.clientX - box.left);
    return { middle: xs.reduce((a, b) => a + b) / xs.length, width: xs.length > 1 ? Math.max(8, Math.abs(xs[0] - xs[1])) : 0 };
  };
  return {
    hooks: {
      ready: [(u) => {
        const start = (event) => {
          const box = u.over.getBoundingClientRect();
          const { min, max } = u.scales.x;
          begin = { ...spread(event.touches, box), min, max, box };
        };
        const end = (event) => {
          if (event.touches.length) return start(event);
          if (begin?.moved) settled(u);
          begin = undefined;
        };
        u.over.addEventListener("touchstart", start, { passive: true });
        u.over.addEventListener("touchmove", (event) => {
          if (!begin) return;
          const now = spread(event.touches, begin.box);
          const unit = (begin.max - begin.min) / begin.box.width;
          const factor = begin.width && now.width ? begin.width / now.width : 1;
          const pinned = begin.min + begin.middle * unit;
          const min = pinned - now.middle * unit * factor;
          begin.moved = true;
          u.setScale("x", { min, max: min + (begin.max - begin.min) * factor });
        }, { passive: true });
        u.over.addEventListener("touchend", end, { passive: true });
        u.over.addEventListener("touchcancel", end, { passive: true });
        u.over.addEventListener("wheel", (event) => {
          if (!event.ctrlKey && !event.shiftKey) return;
          event.preventDefault();
          const { min, max } = u.scales.x;
          const at = u.posToVal(event.offsetX, "x");
          const factor = event.deltaY < 0 ? 0.8 : 1.25;
          u.setScale("x", { min: at - (at - min) * factor, max: at + (max - at) * factor });
          settled(u);
        });
        u.over.addEventListener("dblclick", whole);
      }],
    },
  };
}

function draw(answer) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const strokes = [...document.querySelectorAll(".legend .trace")].map((path) => getComputedStyle(path));
  const unit = answer.unit === "bit/s" ? "bits" : "packets";
  const label = (u, value) => (value == null ? "–" : say(value, unit));
  const size = () => ({ width: figure.clientWidth, height: matchMedia("(max-width: 400px)").matches ? 220 : 260 });
  let timer;
  let asking = 0;
  const show = async (parameters) => {
    const turn = ++asking;
    try {
      const next = await ask(parameters);
      if (turn === asking) plot.setData(columns(next), true);
    } catch { /* what is drawn stays; the next gesture asks again */ }
  };
  const settled = (u) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const narrow = new URLSearchParams(query);
      narrow.delete("range");
      const now = Math.floor(Date.now() / 1000);
      const to = Math.min(now, Math.ceil(u.scales.x.max));
      narrow.set("from", Math.min(Math.floor(u.scales.x.min), to - 60));
      narrow.set("to", to);
      show(narrow);
    }, WAIT);
  };
  const whole = () => { clearTimeout(timer); show(query); };
  const font = `12px ${style.fontFamily || "sans-serif"}`;
  const axis = { stroke: colour("--muted"), font, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const clock = (seconds, long) => time(new Date(seconds * 1000), long ? "short" : "clock");
  const plot = new uPlot({
    ...size(),
    plugins: [touch(settled, whole)],
    cursor: { drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => {} } },
    hooks: { setSelect: [(u) => { if (u.select.width > 4) { u.setScale("x", { min: u.posToVal(u.select.left, "x"), max: u.posToVal(u.select.left + u.select.width, "x") }); settled(u); } }] },
    scales: { x: { time: true }, y: { range: (u, min, max) => [0, max > 0 ? max * 1.08 : 1] } },
    axes: [
      { ...axis, space: 90, values: (u, splits) => splits.map((at) => clock(at, u.scales.x.max - u.scales.x.min > 172800)) },
      { ...axis, size: 84, values: (u, splits) => splits.map((value) => say(value, unit)) },
    ],
    series: [
      { label: document.documentElement.lang === "ru" ? "Время" : "Time", value: (u, at) => (at == null ? "–" : clock(at, true)) },
      ...answer.lines.map((line, at) => ({
        label: line.name,
        stroke: strokes[at]?.stroke,
        dash: strokes[at]?.strokeDasharray === "none" ? undefined : strokes[at]?.strokeDasharray.split(",").map(parseFloat),
        width: 2,
        // A value between two holes is a dot: a line needs two.
        points: { show: false, size: 5, filter: (u, of) => alone(u.data[of]) },
        value: label,
      })),
    ],
  }, columns(answer), figure);
  figure.querySelector(".plot").hidden = true;
  document.querySelector(".zoom").hidden = false;
  new ResizeObserver(() => plot.setSize(size())).observe(figure);
}

if (figure && window.uPlot) ask(query).then(draw).catch(() => {});
