// Numbers and times as the pages write them: the same as web-ui/src/words says on the server.
const ru = document.documentElement.lang === "ru";
const pick = (en, russian) => (ru ? russian : en);
const SPACE = "\u202f";
const THOUSANDS = pick(["", "k", "M", "G", "T"], ["", "тыс.", "млн", "млрд", "трлн"]);
const BITS = pick(["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"], ["бит/с", "кбит/с", "Мбит/с", "Гбит/с", "Тбит/с"]);
const BYTES = pick(["B", "kB", "MB", "GB", "TB"], ["Б", "кБ", "МБ", "ГБ", "ТБ"]);
const MONTHS = pick("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec", "янв. февр. мар. апр. мая июн. июл. авг. сент. окт. нояб. дек.").split(" ");

const pointed = (text) => (ru ? text.replace(".", ",") : text);
const joined = (number, unit) => (unit ? number + SPACE + unit : number);
const two = (number) => String(number).padStart(2, "0");

function scaled(value) {
  let scale = 0;
  while (scale < 4 && Math.abs(value) >= 0.9995 * 1000 ** (scale + 1)) scale++;
  const size = Math.abs(value / 1000 ** scale);
  const places = scale === 0 || size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return [pointed((value / 1000 ** scale).toFixed(places).replace(/^-0$/, "0")), scale];
}

const united = (value, units) => {
  const [number, scale] = scaled(value);
  return joined(number, units[scale]);
};

export const about = (value) => united(value, THOUSANDS);

/** Seconds in their two largest units. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [day, hour, minute, second] = pick(["d", "h", "min", "s"], ["д", "ч", "мин", "с"]);
  const pair = (a, aUnit, b, bUnit) => joined(a, aUnit) + (b ? " " + joined(b, bUnit) : "");
  if (whole < 60) return joined(whole, second);
  if (whole < 3600) return pair(Math.floor(whole / 60), minute, whole % 60, second);
  if (whole < 86400) return pair(Math.floor(whole / 3600), hour, Math.floor(whole / 60) % 60, minute);
  return pair(Math.floor(whole / 86400), day, Math.floor(whole / 3600) % 24, hour);
}

/** How long before now, of ms since the epoch. */
export function ago(then, now = Date.now()) {
  const seconds = Math.floor((now - then) / 1000);
  return seconds < 1 ? pick("now", "сейчас") : duration(seconds) + pick(" ago", " назад");
}

/** What `data-unit` may say. */
export const UNITS = {
  bits: (value) => united(value, BITS),
  bytes: (value) => united(value, BYTES),
  packets: (value) => joined(about(value), pick("packets/s", "пак/с")),
  rate: (value) => about(value) + pick("/s", "/с"),
  about,
  count: (value) => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, SPACE),
  percent: (value) => joined(pointed(value.toFixed(Math.abs(value) < 9.95 ? 1 : 0)), "%"),
  load: (value) => pointed(value.toFixed(2)),
  duration,
  text: String,
};

/** A value by its unit; what is no number where one is expected is "?". */
export function say(value, unit) {
  if (unit && unit !== "text" && !Number.isFinite(value)) return "?";
  return (UNITS[unit] || String)(value);
}

/** A time in the reader's zone, as the server wrote it in its own. */
export function time(date, style) {
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}`;
  const seconds = `${clock}:${two(date.getSeconds())}`;
  const day = `${date.getDate()} ${MONTHS[date.getMonth()]}`;
  if (style === "clock") return seconds;
  return style === "short" ? `${day}, ${clock}` : `${day} ${date.getFullYear()}, ${seconds}`;
}

/** Rewrites all times below `root`. */
export function localTimes(root) {
  for (const element of root.querySelectorAll("time[data-style]")) {
    const date = new Date(element.dateTime);
    if (!Number.isNaN(date.getTime())) element.textContent = time(date, element.dataset.style);
  }
}
