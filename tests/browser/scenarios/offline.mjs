// The page can be installed; when the server is gone, the worker's page says so, and leads back.
import { assert, base, enrolled, order, scenario, text, until } from "./browser.mjs";

scenario(async (browser) => {
  const { context, page } = await enrolled(browser);
  await until("the worker", () => page.evaluate(() => navigator.serviceWorker.ready.then((ready) => !!ready.active)));
  const cdp = await context.newCDPSession(page);
  const manifest = await cdp.send("Page.getAppManifest");
  assert.deepEqual(manifest.errors, []);
  const told = JSON.parse(manifest.data);
  assert.equal(told.display, "standalone");
  assert.ok(told.icons.some((icon) => icon.sizes === "512x512") && told.icons.some((icon) => icon.sizes === "192x192"));
  for (const icon of told.icons) {
    const answer = await context.request.get(new URL(icon.src, base).href, { ignoreHTTPSErrors: true });
    assert.equal(answer.status(), 200, icon.src);
  }
  const { installabilityErrors } = await cdp.send("Page.getInstallabilityErrors");
  // The test's window keeps nothing, which is the only thing that is against it.
  assert.deepEqual(installabilityErrors.map((error) => error.errorId).filter((id) => id !== "in-incognito"), []);
  assert.equal(context.troubles.join("\n"), "");

  await order("stop");
  context.troubles.length = 0;
  await page.goto(`${base}/incidents`);
  assert.equal(await text(page, "h1"), "Not reached");
  assert.match(await text(page, "main"), /Warnings by e-mail and SMS/);
  const styled = await page.evaluate(() => getComputedStyle(document.querySelector(".verdict")).borderTopWidth);
  assert.equal(styled, "2px", "the style sheet was kept");
  assert.equal(context.troubles.filter((line) => !line.includes("/incidents: Failed to load")).join("\n"), "", "all that it needs was kept");
  await order("run");
  await page.getByRole("link", { name: "Try again" }).tap();
  await until("Now", async () => (await text(page, "h1")) === "Now");
  await until("live data", async () => (await text(page, "[data-heard]")) === "live");
});
