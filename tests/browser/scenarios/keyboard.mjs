// By keyboard alone: every control is reached in the order in which it stands, is seen, and works.
import { DESK, PHONE, assert, base, enrolled, none, places, scenario, signedIn, text, until, user } from "./browser.mjs";

const STEPS_MAX = 400;

/** What has the focus: its name, where it is, whether one sees that it has it. */
function focused() {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  const at = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height / 2, 20));
  return {
    name: `${element.tagName.toLowerCase()} "${(element.getAttribute("aria-label") || element.textContent || element.name || "").trim().slice(0, 40)}"`,
    isRinged: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    isSeen: box.width > 0 && box.bottom > 0 && box.top < innerHeight && (element.contains(at) || at?.contains(element) || false),
    order: [...document.querySelectorAll("*")].indexOf(element),
  };
}

async function walk(page, path, problems) {
  await page.goto(base + path);
  const controls = await page.evaluate(() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")].filter((element) => element.type !== "hidden" && element.type !== "radio" && !element.disabled && element.checkVisibility({ visibilityProperty: true })).length);
  let count = 0;
  let order = -1;
  for (; count < STEPS_MAX; count++) {
    await page.keyboard.press("Tab");
    const now = await page.evaluate(focused);
    // Behind the last one begins the browser's own, or the page again.
    if (!now || (count > 0 && /content/.test(now.name))) break;
    if (count === 0 && !/content/.test(now.name)) problems.push(`${path}: the first stop is ${now.name}`);
    if (!now.isRinged) problems.push(`${path}: ${now.name} does not show that it has the focus`);
    if (!now.isSeen) problems.push(`${path}: ${now.name} is not seen when it has the focus`);
    if (now.order < order) problems.push(`${path}: ${now.name} comes after what stands behind it`);
    order = now.order;
  }
  // Date fields have several stops of their own; nothing has fewer than one.
  if (count < controls) problems.push(`${path}: ${count} stops for ${controls} controls`);
}

scenario(async (browser) => {
  const { context, page } = await enrolled(browser, PHONE);
  const problems = [];
  const all = await places(page);
  const desk = await (await signedIn(browser, context, DESK)).newPage();
  for (const path of [all.now, all.incident, all.traffic, all.flows, all.rule, all.users]) {
    await walk(page, path, problems);
    await walk(desk, path, problems);
  }
  none(problems);

  // The skip link leads past the navigation.
  await desk.goto(base);
  await desk.keyboard.press("Tab");
  await desk.keyboard.press("Enter");
  assert.equal(await desk.evaluate(() => document.activeElement.id), "main");
  // An incident is acknowledged.
  const button = desk.locator("article.incident", { hasText: "always" }).getByRole("button", { name: "Acknowledge" });
  await button.focus();
  await desk.keyboard.press("Enter");
  await until("it", async () => (await text(desk, "article.incident:has-text('always')")).includes(user));
  // The sheet of places opens, and Escape closes it and gives the focus back.
  await page.goto(base);
  await page.locator(".bar summary").focus();
  await page.keyboard.press("Enter");
  await until("the sheet", () => page.locator(".sheet").isVisible());
  await page.keyboard.press("Escape");
  assert.ok(!(await page.locator(".sheet").isVisible()));
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "SUMMARY");
});
