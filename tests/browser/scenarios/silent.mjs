// Roles come and go under an open page: each time it says what is missing, and every page stays usable.
import { PHONE, assert, base, enrolled, order, scenario, text, until } from "./browser.mjs";

const PATHS = ["/", "/incidents", "/traffic", "/flows", "/flows?address=10.9.0.1", "/hosts/10.9.0.1", "/rules", "/channels", "/system", "/users", "/labels"];

/** Every page answers, with words. */
async function walk(page, what) {
  for (const path of PATHS) {
    const answer = await page.goto(base + path);
    assert.ok(answer.status() < 500, `${what}: ${path} answers ${answer.status()}`);
    assert.ok((await text(page, "main")).trim().length > 30, `${what}: ${path} says nothing`);
    assert.ok(await page.locator("nav.bar").isVisible(), `${what}: ${path} has no navigation`);
  }
}

scenario(async (browser) => {
  const { context, page } = await enrolled(browser, PHONE);
  // Nothing but the page: no data, no database.
  assert.match(await text(page, ".verdict"), /Waiting|look/i);
  assert.match(await text(page, "[data-part=traffic]"), /capture was not heard/);
  assert.match(await text(page, "[data-part=host]"), /notifier was not heard/);
  await walk(page, "alone");
  await page.goto(`${base}/traffic`);
  assert.match(await text(page, "main"), /nothing|empty|no |not /i);
  await page.goto(`${base}/`);

  // The page wakes by itself as the roles come.
  await order("begin", { role: "ingest" });
  await order("begin", { role: "capture" });
  await until("traffic", () => page.locator('dd[data-live="traffic:b.1"]').count());
  await until("figures", async () => !(await text(page, 'dd[data-live="traffic:b.1"]')).startsWith("0"));
  await order("begin", { role: "notifier" });
  await until("the load", () => page.locator('[data-part=host] [data-live="load:c.0"]').count());
  await until("an incident", () => page.locator("article.incident", { hasText: "always" }).count());

  for (const [role, told] of [["notifier", /notifier/], ["ingest", /ingest/]]) {
    await page.goto(`${base}/`);
    await order("end", { role });
    await until(`the word that ${role} is silent`, async () => told.test(await text(page, ".verdict .findings")));
    await walk(page, `without ${role}`);
    if (role === "notifier") {
      await page.goto(`${base}/incidents`);
      assert.match(await text(page, "[data-part=open]"), /notifier is not heard/);
    } else {
      await page.goto(`${base}/flows?address=10.9.0.0/16`);
      assert.ok(await page.locator("li.flow").count(), "what is stored can be read without ingest");
    }
    await page.goto(`${base}/`);
    await order("begin", { role });
    await until(`${role} back`, async () => !(await page.locator(".verdict .findings", { hasText: role }).count()));
  }

  // Old figures are told as old, by the second.
  await order("end", { role: "capture" });
  await until("the age of the figures", () => page.locator("[data-age=traffic]:visible").count());
  assert.match(await text(page, "[data-age=traffic]"), /last data \d+\ss ago/);
  await order("begin", { role: "capture" });
  await until("young figures", async () => !(await page.locator("[data-age=traffic]:visible").count()));
  const others = context.troubles.filter((line) => !/status of 50\d/.test(line));
  assert.equal(others.join("\n"), "");
});
