// The first load over a slow mobile network on a slow phone, as Lighthouse throttles: 60 KB and two seconds.
import { PHONE, assert, base, enrolled, scenario, signedIn } from "./browser.mjs";

const KILOBYTES_MAX = 60;
// Of the page that opens first; what the others take is told.
const LOAD_MS = 2_000;

scenario(async (browser) => {
  const first = await enrolled(browser, PHONE);
  for (const path of ["/", "/incidents", "/traffic", "/flows", "/system"]) {
    const context = await signedIn(browser, first.context, PHONE);
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    await cdp.send("Network.enable");
    await cdp.send("Network.setCacheDisabled", { cacheDisabled: true });
    const network = { offline: false, latency: 150, downloadThroughput: (1.6e6 / 8), uploadThroughput: 750e3 / 8 };
    await cdp.send("Network.emulateNetworkConditions", network);
    await cdp.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    let bytes = 0;
    const streams = new Set();
    cdp.on("Network.requestWillBeSent", ({ requestId, request }) => request.url.includes("/push/") && streams.add(requestId));
    cdp.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      if (!streams.has(requestId)) bytes += encodedDataLength;
    });
    await page.goto(base + path, { waitUntil: "load" });
    await page.waitForTimeout(1_000);
    const times = await page.evaluate(() => {
      const load = performance.getEntriesByType("navigation")[0].loadEventEnd;
      const paint = performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
      return [Math.round(load), Math.round(paint)];
    });
    console.log(`${path}: ${(bytes / 1_000).toFixed(1)} KB, painted after ${times[1]} ms, loaded after ${times[0]} ms`);
    assert.ok(bytes > 3_000 && bytes <= KILOBYTES_MAX * 1_000, `${path}: ${bytes} bytes`);
    if (path === "/") assert.ok(times[0] <= LOAD_MS && times[1] <= LOAD_MS, `${path}: ${times} ms`);
    await context.close();
  }
});
