// Back, forward, reload, and two tabs side by side: each shows what is now.
import { DESK, assert, base, enrolled, scenario, text, until, user } from "./browser.mjs";

const live = (page) => until("live data", async () => (await text(page, "[data-heard]")) === "live");

scenario(async (browser) => {
  const { context, page } = await enrolled(browser, DESK);
  await live(page);
  await page.click("nav.side a[href='/incidents']");
  await page.click("h3 a >> nth=0");
  assert.match(page.url(), /\/incidents\/./);
  await page.goBack();
  assert.equal(await text(page, "h1"), "Incidents");
  await page.goBack();
  assert.equal(await text(page, "h1"), "Now");
  await live(page);
  await page.goForward();
  assert.equal(await text(page, "h1"), "Incidents");
  await page.goto(base);
  await page.reload();
  await live(page);

  // What is done in one tab shows in the other, by itself.
  const other = await context.newPage();
  await other.goto(base);
  await live(other);
  const card = other.locator("article.incident", { hasText: "always" });
  await card.getByRole("button", { name: "Acknowledge" }).click();
  await until("it in the first tab", async () => (await text(page, "article.incident:has-text('always')")).includes(user));
  // Back to a page that was left by a form asks for nothing again, and shows the new state.
  await other.goBack();
  await other.goto(`${base}/`);
  await until("it in the second tab", async () => (await card.innerText()).includes(user));
  await live(page);
  await live(other);
  assert.equal(context.troubles.join("\n"), "");
});
