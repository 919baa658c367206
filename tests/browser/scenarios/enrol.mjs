// Somebody gets a link, sets a password, sees the numbers move, and comes again by name and password.
import { PASSWORD, PHONE, assert, base, link, opened, scenario, text, until, user } from "./browser.mjs";

scenario(async (browser) => {
  const context = await opened(browser, PHONE);
  const page = await context.newPage();
  await page.goto(base);
  assert.match(page.url(), /\/sign-in/);

  const set = async (password, again) => {
    await page.fill("#password", password);
    await page.fill("#again", again);
    await page.click("main button[type=submit]");
  };
  await page.goto(link);
  await set("correct horse", "battery staple");
  assert.match(await text(page, "[role=alert]"), /differ/);
  await set("password", "password");
  assert.match(await text(page, "[role=alert]"), /guessed/);
  // Both were answered with an error of the form, which is told in the console.
  const expected = context.troubles.splice(0);
  assert.equal(expected.filter((told) => !/status of 422/.test(told)).length, 0, expected.join("\n"));
  await set(PASSWORD, PASSWORD);
  await page.waitForURL(`${base}/`);
  assert.equal(await text(page, "h1"), "Now");

  const seen = new Set();
  await until("three values of the traffic", async () => {
    seen.add(await text(page, 'dd[data-live="traffic:b.1"]'));
    return seen.size >= 3;
  });
  await until("the word that it is live", async () => (await text(page, "[data-heard]")) === "live");
  await until("the hosts", async () => /^10\.9\.0\./.test(await text(page, "[data-list=hosts] th")));
  assert.equal(context.troubles.join("\n"), "");

  await page.goto(link);
  assert.match(await text(page, "[role=alert]"), /does not hold/);
  await page.goto(base);
  await page.click(".bar summary");
  await page.click(".sheet a[href='/account']");
  await page.click("form[action='/sign-out'] button");
  await page.waitForURL(/sign-in/);
  const sign = async (password) => {
    await page.fill("#name", user);
    await page.fill("#password", password);
    await page.click("main button[type=submit]");
  };
  await sign("something else");
  assert.ok(await page.locator("[role=alert]").isVisible());
  await sign(PASSWORD);
  await page.waitForURL(`${base}/`);
  assert.equal(await text(page, "h1"), "Now");
});
