// On a phone: one tap acknowledges, one silences; the page says so, and notifier knows it.
import { assert, base, enrolled, order, scenario, text, until, user } from "./browser.mjs";

scenario(async (browser) => {
  const { context, page } = await enrolled(browser);
  const card = page.locator("article.incident", { hasText: "always" });
  await card.waitFor();
  await card.getByRole("button", { name: "Acknowledge" }).tap();
  await until("the acknowledgement on the page", async () => (await card.innerText()).includes(user));
  await until("the notice", async () => /done|acknowledg/i.test(await text(page, ".notice")));
  const find = async () => (await order("alerts")).find((alert) => alert.rule === "always");
  await until("the acknowledgement in notifier", async () => (await find()).acknowledged_by === user);
  assert.equal(await card.getByRole("button", { name: "Acknowledge" }).count(), 0);

  await card.getByRole("button", { name: /1 h/ }).tap();
  await until("the silence", async () => /silenced/i.test(await card.innerText()));
  // What is said of it stays over a visit elsewhere.
  await page.goto(`${base}/rules#silences`);
  assert.match(await text(page, "#silences"), /always/);
  assert.match(await text(page, "#silences"), new RegExp(user));
  assert.equal(context.troubles.join("\n"), "");
});
