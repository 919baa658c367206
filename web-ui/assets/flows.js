// The search goes on without a reload: lines of JSON become rows as they come; it can be stopped, and the link still works.
import { localTimes } from "./words.js";

const list = document.getElementById("flows");
const further = document.getElementById("further");
const cancel = document.getElementById("cancel");
const progress = document.getElementById("progress");
const texts = document.getElementById("texts")?.dataset;
const WANTED = 50; // rows of one press
let stop;

function node(name, text, className) {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  if (className) element.className = className;
  return element;
}

function end(of) {
  const span = node("span");
  if (of.address) {
    const link = node("a", of.address);
    link.href = "/hosts/" + encodeURIComponent(of.address);
    span.append(link);
  } else span.append(node("i", texts.many));
  span.append(of.port);
  if (of.label) span.append(" ", node("em", of.label, "label"));
  return span;
}

function row(flow) {
  const item = node("li", "", "flow");
  const head = node("span", "", "head");
  const time = node("time");
  time.dateTime = flow.datetime;
  time.dataset.style = "moment";
  head.append(time, node("span", flow.direction, `tag way-${flow.way}`), node("b", flow.protocol), node("span", flow.interface, "muted"));
  const ends = node("span", "", "ends");
  ends.append(end(flow.from), " → ", end(flow.to));
  const volume = node("span", `${flow.sent}, ${texts.answered} ${flow.answered} · ${texts.took} ${flow.duration} · ${flow.end} `, "muted");
  volume.append(node("code", flow.flags));
  item.append(head, ends, volume);
  if (flow.folded) item.append(node("span", flow.folded, "muted"));
  return item;
}

async function* lines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part);
  }
}

async function search() {
  stop = new AbortController();
  further.hidden = true;
  cancel.hidden = false;
  let found = 0;
  let done = false;
  try {
    while (!done && found < WANTED) {
      const response = await fetch("/api/flows?" + further.href.split("?")[1], { signal: stop.signal });
      if (!response.ok) throw new Error((await response.json().catch(() => ({}))).detail);
      for await (const told of lines(response)) {
        if (told.error) throw new Error(told.error);
        const rows = told.rows.map(row);
        list.append(...rows);
        rows.forEach(localTimes);
        found += rows.length;
        done = told.done;
        const query = new URLSearchParams(location.search);
        query.set("cursor", told.cursor);
        further.href = "/flows?" + query;
        progress.textContent = (done ? "" : texts.searching + " ") + told.progress;
        if (found >= WANTED) break;
      }
    }
    progress.textContent = progress.textContent.replace(texts.searching + " ", "");
  } catch (error) {
    if (error.name === "AbortError") progress.textContent = texts.cancelled + " " + progress.textContent.replace(texts.searching + " ", "");
    else progress.textContent = error.name === "Error" && error.message ? error.message : texts.broken;
  }
  stop.abort();
  further.hidden = done;
  cancel.hidden = true;
  document.getElementById("none").hidden = list.children.length > 0 || !done;
}

if (further && texts) {
  further.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    search();
  });
  cancel.addEventListener("click", () => stop?.abort());
  addEventListener("pagehide", () => stop?.abort());
  if ("go" in further.dataset) search();
}
