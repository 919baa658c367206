// A phone of 320 pixels, in both languages: nothing is wider than it, and all that one presses is a finger wide.
import { OUTSIDE, assert, base, enrolled, opened, none, places, scenario } from "./browser.mjs";

const SMALL = { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true };

/** What sticks out of the screen, and what is too small for a finger (44 pixels each way). */
function look() {
  const told = [];
  const name = (element) => `${element.tagName.toLowerCase()}.${element.className} "${(element.textContent || element.name || "").trim().slice(0, 30)}"`;
  if (document.documentElement.scrollWidth > 320) {
    const wide = [...document.querySelectorAll("main *, header *, nav *")].filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && box.right > 321 && !element.closest(".scroll, .filters, svg, .hush, .unseen");
    });
    told.push(`${document.documentElement.scrollWidth} pixels wide: ${wide.slice(0, 4).map(name).join(", ")}`);
  }
  for (const element of document.querySelectorAll("a[href], button, input, select, textarea, summary")) {
    if (element.type === "hidden" || !element.checkVisibility({ visibilityProperty: true }) || element.matches(".skip")) continue;
    // A link within a sentence has the height of its line, as WCAG allows.
    const inline = element.tagName === "A" && getComputedStyle(element).display === "inline" && element.closest("p, dd, small, li");
    const own = inline && [...element.parentElement.childNodes].every((node) => node === element || !node.textContent.trim());
    if (inline && !own) continue;
    const box = (element.closest("label.check") || element).getBoundingClientRect();
    if (box.width && (box.height < 43.5 || box.width < 43.5)) told.push(`${name(element)} is ${Math.round(box.width)} × ${Math.round(box.height)}`);
  }
  return told;
}

async function walk(page, paths, language, problems) {
  for (const path of Object.values(paths)) {
    await page.goto(base + path);
    await page.evaluate(() => document.querySelectorAll("main details").forEach((details) => (details.open = true)));
    problems.push(...(await page.evaluate(look)).map((told) => `${path} (${language}): ${told}`));
  }
}

scenario(async (browser) => {
  const { page } = await enrolled(browser, SMALL);
  const problems = [];
  const paths = await places(page);
  for (const language of ["en", "ru"]) {
    await page.goto(`${base}/account`);
    await page.selectOption("#language", language);
    await page.click("form[action='/account/language'] button");
    await page.goto(`${base}/`);
    assert.equal(await page.locator("html").getAttribute("lang"), language);
    await walk(page, paths, language, problems);
    await page.goto(`${base}/`);
    await page.click(".bar summary");
    problems.push(...(await page.evaluate(look)).map((told) => `the sheet of places (${language}): ${told}`));
    const stranger = await (await opened(browser, { ...SMALL, locale: language })).newPage();
    await walk(stranger, OUTSIDE, language, problems);
  }
  none(problems);
});
