// The network goes and comes: the page says how old its data are, misses nothing that counts, and is live again.
import { assert, enrolled, order, pause, scenario, signedIn, text, until, PHONE } from "./browser.mjs";

const log = () => window.streams;

scenario(async (browser) => {
  const first = await enrolled(browser);
  const context = await signedIn(browser, first.context, PHONE);
  await first.context.close();
  await context.addInitScript(() => {
    window.streams = [];
    const Plain = window.EventSource;
    window.EventSource = class extends Plain {
      constructor(url) {
        super(url);
        const stream = { url: String(url), ids: [], channels: [], resyncs: 0 };
        window.streams.push(stream);
        this.addEventListener("message", (event) => {
          stream.ids.push(event.lastEventId);
          stream.channels.push(...JSON.parse(event.data).channels);
        });
        this.addEventListener("resync", () => stream.resyncs++);
      }
    };
  });
  const page = await context.newPage();
  await page.goto(process.env.FLOODMARK_BASE);
  const heard = () => text(page, "[data-heard]");
  await until("live data", async () => (await heard()) === "live");
  await until("some messages", async () => (await page.evaluate(log))[0].ids.length > 5);

  // As in a lift: nothing comes, and nothing ends.
  await context.setOffline(true);
  await order("pull");
  const before = await page.evaluate(log);
  await until("the word that data are old", async () => /last data \d+\ss ago/.test(await heard()), 30_000);
  assert.ok(await page.locator('[data-part="traffic"] .stale').count(), "old figures are pale");
  await order("storm");
  await until("an incident meanwhile", async () => (await order("alerts")).some((alert) => alert.rule === "busy"));
  await pause(1_000);
  assert.equal(await page.locator("article.incident", { hasText: "10.9.0.77" }).count(), 0);
  await order("plug");
  await context.setOffline(false);

  await until("the incident of meanwhile", () => page.locator("article.incident", { hasText: "10.9.0.77" }).count());
  await until("live data again", async () => (await heard()) === "live");
  const after = await page.evaluate(log);
  // The stream may be the old one, if TCP outlives the outage, or a new one that goes on behind it.
  const numbers = after.flatMap((stream) => stream.ids).map((id) => Number(id.split("-")[1]));
  assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b), "each message once, in order");
  assert.equal(after.reduce((sum, stream) => sum + stream.resyncs, 0), 0, "nothing was lost");
  const cursor = before.at(-1).ids.at(-1);
  const back = after.slice(before.length);
  assert.ok(back.every((stream) => stream.url.includes(`since=${cursor}`) || stream.ids.length === 0 || stream !== back[0]), `${cursor}: ${back.map((stream) => stream.url)}`);
  const channels = (streams) => streams.flatMap((stream) => stream.channels).filter((name) => name === "incidents").length;
  assert.ok(channels(after) > channels(before), "what changed meanwhile came as a message");
});
