// What every scenario needs: Chromium, somebody who is signed in, and orders to the test that runs it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import readline from "node:readline";
import tls from "node:tls";

const host = process.env.FLOODMARK_HOST ?? "10.9.0.1";
const { FLOODMARK_BASE: base, FLOODMARK_LINK: link, FLOODMARK_USER: user, FLOODMARK_SHOTS: shots } = process.env;
const require = createRequire(`${process.env.FLOODMARK_MODULES}/package.json`);
const { chromium } = require("playwright-core");
export { assert, base, link, user, shots };

export const PASSWORD = "correct horse battery";
const LIMIT_MS = 150_000;

/** A phone as most are, and a desk. */
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
export const DESK = { viewport: { width: 1280, height: 800 } };

export const axe = () => readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `wanted` gives something that is true, and gives it. */
export async function until(what, wanted, ms = 20_000) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try {
      const found = await wanted();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`${what} did not happen within ${ms} ms${last ? `: ${last.message}` : ""}`);
    await pause(50);
  }
}

let answers;
/** Asks the test that runs this scenario for something, and gives its answer. */
export async function order(name, more = {}) {
  answers ??= readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  process.stdout.write(`${JSON.stringify({ order: name, ...more })}\n`);
  const { value, done } = await answers.next();
  if (done) throw new Error(`nobody answered the order ${name}`);
  return JSON.parse(value);
}

/** The page's certificate is of its own authority; Chromium takes it by its key, as a phone that trusts the authority. */
async function key() {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: hostname, port, rejectUnauthorized: false }, () => {
      const spki = socket.getPeerX509Certificate().publicKey.export({ type: "spki", format: "der" });
      socket.destroy();
      resolve(createHash("sha256").update(spki).digest("base64"));
    });
    socket.on("error", reject);
  });
}

async function launched() {
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
  args.push("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage");
  if (base.startsWith("https")) args.push(`--ignore-certificate-errors-spki-list=${await key()}`);
  return chromium.launch({ executablePath: process.env.FLOODMARK_CHROMIUM, headless: true, args });
}

/** Runs a scenario; what goes wrong is told, with a picture of each page in `shots`. */
export async function scenario(body) {
  const limit = setTimeout(() => {
    console.error(`the scenario takes more than ${LIMIT_MS} ms`);
    process.exit(3);
  }, LIMIT_MS);
  let browser;
  try {
    browser = await launched();
    await body(browser);
  } catch (error) {
    console.error(error.stack);
    process.exitCode = 1;
    mkdirSync(shots, { recursive: true });
    const pages = browser ? browser.contexts().flatMap((context) => context.pages()) : [];
    for (const [at, page] of pages.entries()) {
      const path = `${shots}/failed-${process.pid}-${at}.png`;
      await page.screenshot({ path, timeout: 5_000 }).catch(() => {});
      console.error(`${page.url()}: ${path}`);
    }
  }
  clearTimeout(limit);
  await browser?.close().catch(() => {});
  process.stdin.destroy();
}

/** A browser's window of its own, whose troubles are kept: errors of scripts, refused loads, dialogs. */
export async function opened(browser, options = PHONE) {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  context.troubles = [];
  const trouble = (text) => context.troubles.push(text);
  context.on("page", (page) => {
    page.on("pageerror", (error) => trouble(`${page.url()}: ${error}`));
    page.on("dialog", (dialog) => {
      trouble(`${page.url()}: a dialog: ${dialog.message()}`);
      dialog.dismiss().catch(() => {});
    });
    page.on("console", (message) => message.type() === "error" && trouble(`${page.url()}: ${message.text()}`));
  });
  return context;
}

/** The same, where somebody has enrolled by the link. */
export async function enrolled(browser, options = PHONE) {
  const context = await opened(browser, options);
  const page = await context.newPage();
  await page.goto(link);
  await page.fill("#password", PASSWORD);
  await page.fill("#again", PASSWORD);
  await page.click("main button[type=submit]");
  await page.waitForURL(`${base}/`);
  return { context, page };
}

/** A window in which the same user is signed in. */
export async function signedIn(browser, of, options) {
  return opened(browser, { ...options, storageState: await of.storageState() });
}

/** Fails with all that was found, a line for each. */
export function none(problems) {
  const told = [...new Set(problems)];
  if (told.length) throw new Error(`${told.length} problems:\n${told.join("\n")}`);
}

export const text = (page, selector) => page.locator(selector).first().innerText();

/** Paths of all pages that `page`'s user can see now, each with a name for its picture. */
export async function places(page) {
  await page.goto(`${base}/incidents`);
  const incident = await until("an incident", async () => {
    const href = await page.locator("h3 a").first().getAttribute("href", { timeout: 1_000 }).catch(() => null);
    if (!href) await page.reload();
    return href;
  });
  return {
    now: "/",
    incidents: "/incidents",
    incident,
    traffic: "/traffic",
    "traffic-protocols": "/traffic?range=1h&by=protocol",
    hosts: "/flows",
    flows: `/flows?address=${host}`,
    host: `/hosts/${host}`,
    labels: "/labels",
    rules: "/rules",
    rule: "/rules?rule=memory",
    tried: "/rules?rule=memory&limit=1000000&clear=&try=1",
    channels: "/channels",
    system: "/system",
    restart: "/system/restart?role=ingest",
    users: "/users",
    account: "/account",
    confirm: "/confirm?next=/users",
    nowhere: "/nowhere",
    offline: "/offline",
  };
}

/** Those that nobody needs to be signed in for. */
export const OUTSIDE = { "sign-in": "/sign-in", enrol: "/enrol/nonsense", link: "/a/nonsense" };
