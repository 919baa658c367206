// Strangers' text in every place that takes text: it is shown as text, no script of it runs, and nothing is refused by
// the policy because something got through to where the policy is all that holds.
import { DESK, assert, base, enrolled, opened, order, places, scenario, signedIn, text, until } from "./browser.mjs";

/** Elements and attributes that only such text could have made. */
function made() {
  const own = [...document.querySelectorAll("boo, img[onerror], svg[onload], script:not([src])")].map((found) => found.outerHTML);
  if (window.boo) own.push("a script ran");
  return own;
}

scenario(async (browser) => {
  const { strings, interface: device, process } = await order("strings");
  const { context, page } = await enrolled(browser, DESK);
  const check = async (tab, path, statuses = [200]) => {
    const answer = await tab.goto(base + path);
    if (answer) assert.ok(statuses.includes(answer.status()), `${path}: ${answer.status()}`);
    assert.deepEqual(await tab.evaluate(made), [], path);
    assert.ok(tab.url().startsWith(base), `${path} led to ${tab.url()}`);
  };

  // The machine's own names: they are there, as text.
  await page.goto(base);
  await until("the process", async () => (await text(page, "[data-list=processes]")).includes(process), 30_000);
  assert.deepEqual(await page.evaluate(made), []);
  await page.goto(`${base}/flows?address=10.9.0.0/16`);
  assert.ok((await text(page, "#flows")).includes(device), "the interface's name is told");

  // Labels, comments of silences, fields of samples.
  for (const [at, hostile] of strings.entries()) {
    await page.goto(`${base}/labels`);
    await page.fill("form.card [name=prefix]", `10.9.0.${at + 1}`);
    await page.fill("form.card [name=label]", hostile);
    await page.click("form.card button");
    await page.goto(`${base}/rules`);
    await page.locator("#silences summary").click();
    await page.fill("#silences [name=subject]", hostile);
    await page.fill("#silences [name=comment]", hostile);
    await page.locator("#silences form button.main").last().click();
    await page.waitForLoadState();
    assert.deepEqual(await page.evaluate(made), []);
  }
  await page.goto(`${base}/labels`);
  for (const hostile of strings) assert.ok((await text(page, "main")).includes(hostile), `${hostile} is kept as a label`);

  // The log keeps names and browsers of those who try to sign in.
  for (const hostile of strings) {
    const stranger = await opened(browser, { ...DESK, userAgent: `${hostile} Mozilla/5.0` });
    const tab = await stranger.newPage();
    await tab.goto(`${base}/sign-in`);
    await tab.fill("#name", hostile);
    await tab.fill("#password", hostile);
    await tab.click("main button[type=submit]");
    assert.deepEqual(await tab.evaluate(made), []);
    await stranger.close();
  }

  // Parameters of every page that has any.
  const quick = await (await signedIn(browser, context, DESK)).newPage();
  const refused = [200, 400, 404, 410, 422, 429];
  for (const hostile of [...strings, "javascript:alert(1)", "//evil.example/", "\u202eabc", "a\r\nSet-Cookie: x=1"]) {
    const text = encodeURIComponent(hostile);
    for (const path of [
      `/flows?address=${text}&port=${text}&protocol=${text}&from=${text}&to=${text}`,
      `/flows?address=10.9.0.1&cursor=${text}`,
      `/traffic?range=${text}&by=${text}&unit=${text}&interface=${text}`,
      `/traffic?from=${text}&to=${text}`,
      `/incidents?rule=${text}&severity=${text}&state=${text}`,
      `/incidents/${text}`,
      `/hosts/${text}`,
      `/rules?rule=${text}&limit=${text}&clear=${text}&try=1`,
      `/system/restart?role=${text}`,
      `/users?before=${text}`,
      `/labels?prefix=${text}`,
      `/confirm?next=${text}`,
      `/sign-in?next=${text}`,
      `/enrol/${text}`,
      `/a/${text}`,
      `/samples/${text}`,
      `/${text}`,
    ]) {
      await check(quick, path, refused);
    }
  }
  // And every page once more, now that all of it is kept.
  for (const path of Object.values(await places(page))) await check(page, path, [200, 404]);
  for (const at of strings.keys()) await check(page, `/hosts/10.9.0.${at + 1}`);
  const told = await text(page, "main");
  assert.ok(told.length);
  await check(page, "/users");
  for (const hostile of strings) assert.ok((await text(page, "#log")).includes(hostile.slice(0, 12)), `${hostile} is in the log`);

  const troubles = browser.contexts().flatMap((one) => one.troubles);
  const bad = troubles.filter((line) => !/the server responded with a status of 4\d\d/.test(line));
  assert.equal(bad.join("\n"), "", "no dialog, no refused script, no error");
});
