// No script at all: every page can be read, and an incident acknowledged.
import { PASSWORD, PHONE, assert, base, link, opened, places, scenario, text, until, user } from "./browser.mjs";

scenario(async (browser) => {
  const context = await opened(browser, { ...PHONE, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(link);
  await page.fill("#password", PASSWORD);
  await page.fill("#again", PASSWORD);
  await page.click("main button[type=submit]");
  await page.waitForURL(`${base}/`);
  for (const [name, path] of Object.entries(await places(page))) {
    const answer = await page.goto(base + path);
    assert.equal(answer.status(), name === "nowhere" ? 404 : 200, path);
    assert.ok((await text(page, "main")).trim().length > 20, `${path} says nothing`);
    assert.ok((await text(page, "h1")).trim(), `${path} has no heading`);
  }
  await page.goto(`${base}/traffic?range=1h`);
  assert.ok(await page.locator("#chart svg path.trace").count(), "the chart is drawn by the server");
  await page.goto(`${base}/flows?address=10.9.0.0/16`);
  assert.ok((await page.locator("li.flow").count()) > 3, "flows are listed");

  await page.goto(base);
  const card = page.locator("article.incident", { hasText: "always" });
  // The answer is awaited: going elsewhere would take the order back.
  await Promise.all([page.waitForNavigation(), card.getByRole("button", { name: "Acknowledge" }).tap()]);
  await until("the acknowledgement", async () => {
    await page.goto(base);
    return (await card.innerText()).includes(user);
  });
  await page.click(".bar summary");
  await page.click(".sheet .looks button[value=dark]");
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
});
